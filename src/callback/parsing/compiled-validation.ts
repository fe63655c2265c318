import { getMetadataStorage, ValidationTypes } from 'class-validator';

/**
 * Makes of the decorators of a class, once, what `validateSync` makes of them for each object: a tenth of the work of a callback. It tells
 * whether an object is valid; what is wrong with one that is not, class-validator tells.
 */
export function compileValidation(target: new () => object): (object: object) => boolean {
  const storage = getMetadataStorage();
  const rules = storage.getTargetValidationMetadatas(target, '', false, false);
  if (
    rules.some(
      ({ type, each, validateIf }) => type !== ValidationTypes.CUSTOM_VALIDATION || each || validateIf,
    )
  ) {
    throw new Error(`${target.name} has a rule that is not a ValidateBy`);
  }
  const checks = rules.flatMap(({ propertyName, constraintCls, constraints }) =>
    storage
      .getTargetValidatorConstraints(constraintCls)
      .map(({ instance }) => ({ property: propertyName, instance, constraints })),
  );
  return (object) =>
    checks.every(({ property, instance, constraints }) => {
      const value = (object as Record<string, unknown>)[property];
      return (
        instance.validate(value, { value, property, object, constraints, targetName: target.name }) === true
      );
    });
}

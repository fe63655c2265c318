import { applyDecorators } from '@nestjs/common';
import { ApiProperty, type ApiPropertyOptions } from '@nestjs/swagger';
import { buildMessage, ValidateBy } from 'class-validator';

/**
 * OpenIM documents 64 characters for an ID and does not enforce it; a key of PostgreSQL's indexes must stay under 2,704 bytes.
 */
const ID_MAX_LENGTH = 255;

/** Each rule as the end of the sentence "the field must be ...", with its test. */
export const RULES = {
  text: { says: 'a string', test: (value: unknown) => typeof value === 'string' },
  id: {
    says: `a string of 1 to ${ID_MAX_LENGTH} characters`,
    test: (value: unknown) => isID(value) && value !== '',
  },
  optionalID: { says: `a string of at most ${ID_MAX_LENGTH} characters`, test: isID },
  int32: wholeNumber(-(2 ** 31), 2 ** 31 - 1),
  uint32: wholeNumber(0, 2 ** 32 - 1),
  nullableText: {
    says: 'a string or null',
    test: (value: unknown) => value === null || typeof value === 'string',
  },
  nullableInt32: {
    says: `${wholeNumber(-(2 ** 31), 2 ** 31 - 1).says} or null`,
    test: (value: unknown): boolean => value === null || RULES.int32.test(value),
  },
  idList: {
    says: `an array of strings of at most ${ID_MAX_LENGTH} characters, or null`,
    test: (value: unknown): boolean => value === null || (Array.isArray(value) && value.every(isID)),
  },
  /** Go's int64, as far as a JSON number in JavaScript tells it exactly. */
  int64: wholeNumber(Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER),
};

function isID(value: unknown): boolean {
  return typeof value === 'string' && value.length <= ID_MAX_LENGTH;
}

function wholeNumber(minimum: number, maximum: number) {
  return {
    says: `a whole number from ${minimum} to ${maximum}`,
    test: (value: unknown) => Number.isInteger(value) && Number(value) >= minimum && Number(value) <= maximum,
    minimum,
    maximum,
  };
}

/** One field of a payload: checked by its rule, described for OpenAPI. */
function Field(rule: keyof typeof RULES, api: ApiPropertyOptions): PropertyDecorator {
  const { says, test } = RULES[rule];
  return applyDecorators(
    ValidateBy({
      name: rule,
      validator: { validate: test, defaultMessage: buildMessage(() => `$property must be ${says}`) },
    }),
    ApiProperty(api),
  );
}

/** A text of any length; absent is `""`. */
export const Text = (description: string) =>
  Field('text', { type: String, required: false, default: '', description });

/** An ID that must be there. */
export const ID = (description: string) =>
  Field('id', { type: String, minLength: 1, maxLength: ID_MAX_LENGTH, required: true, description });

/** An ID that may be absent, and is `""` then. */
export const OptionalID = (description: string) =>
  Field('optionalID', { type: String, maxLength: ID_MAX_LENGTH, required: false, default: '', description });

/** Go's int32; absent is 0. */
export const Int32 = (description: string) => NumberField('int32', 'int32', description);

/** Go's uint32; absent is 0. */
export const Uint32 = (description: string) => NumberField('uint32', 'int64', description);

/** Go's int64; absent is 0. */
export const Int64 = (description: string) => NumberField('int64', 'int64', description);

function NumberField(
  rule: 'int32' | 'uint32' | 'int64',
  format: string,
  description: string,
): PropertyDecorator {
  const { minimum, maximum } = RULES[rule];
  return Field(rule, { type: 'integer', format, minimum, maximum, required: false, default: 0, description });
}

/** A text that changed; null or absent: it did not. */
export const NullableText = (description: string) =>
  Field('nullableText', { type: String, nullable: true, required: false, default: null, description });

/** A number that changed; null or absent: it did not. */
export const NullableInt32 = (description: string) =>
  Field('nullableInt32', {
    type: 'integer',
    format: 'int32',
    nullable: true,
    required: false,
    default: null,
    description,
  });

/** IDs, in any number. */
export const IDList = (description: string) =>
  Field('idList', { type: [String], nullable: true, required: false, description });

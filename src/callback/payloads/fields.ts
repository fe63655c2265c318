import { applyDecorators } from '@nestjs/common';
import type { ApiPropertyOptions } from '@nestjs/swagger';
import { buildMessage, ValidateBy } from 'class-validator';
import { ApiProperty } from '../../openapi/decorators.js';

/** OpenIM documents 64 characters for an ID, and does not enforce them. A key of PostgreSQL's indexes must stay under 2,704 bytes. */
const ID_MAX_LENGTH = 255;

/** Rules of fields: the test, and the end of the sentence "the field must be ...". */
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
  /** Go's int64, within the integers that JavaScript represents exactly. */
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

/** Validates a field by its rule, and describes it for OpenAPI. */
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

/** Text of any length; `""` where absent. */
export const Text = (description: string) =>
  Field('text', { type: String, required: false, default: '', description });

/** Required ID. */
export const ID = (description: string) =>
  Field('id', { type: String, minLength: 1, maxLength: ID_MAX_LENGTH, required: true, description });

/** Optional ID; `""` where absent. */
export const OptionalID = (description: string) =>
  Field('optionalID', { type: String, maxLength: ID_MAX_LENGTH, required: false, default: '', description });

/** Go's int32; 0 where absent. */
export const Int32 = (description: string) => NumberField('int32', 'int32', description);

/** Go's uint32; 0 where absent. */
export const Uint32 = (description: string) => NumberField('uint32', 'int64', description);

/** Go's int64; 0 where absent. */
export const Int64 = (description: string) => NumberField('int64', 'int64', description);

function NumberField(
  rule: 'int32' | 'uint32' | 'int64',
  format: string,
  description: string,
): PropertyDecorator {
  const { minimum, maximum } = RULES[rule];
  return Field(rule, { type: 'integer', format, minimum, maximum, required: false, default: 0, description });
}

/** New text; null where it did not change or is absent. */
export const NullableText = (description: string) =>
  Field('nullableText', { type: String, nullable: true, required: false, default: null, description });

/** New int32; null where it did not change or is absent. */
export const NullableInt32 = (description: string) =>
  Field('nullableInt32', {
    type: 'integer',
    format: 'int32',
    nullable: true,
    required: false,
    default: null,
    description,
  });

/** List of IDs of any length, or null. */
export const IDList = (description: string) =>
  Field('idList', { type: [String], nullable: true, required: false, description });

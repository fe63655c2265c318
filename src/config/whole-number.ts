import { applyDecorators } from '@nestjs/common';
import { Transform } from 'class-transformer';
import { IsInt, Max, Min } from 'class-validator';

/** Validates a whole number within bounds, and transforms a text of digits from a query or the environment to a number. */
export function WholeNumber(minimum: number, maximum: number): PropertyDecorator {
  const message = `$property must be a whole number from ${minimum} to ${maximum}`;
  return applyDecorators(
    Transform(({ value }: { value: unknown }) =>
      typeof value === 'string' && /^-?\d{1,15}$/.test(value) ? Number(value) : value,
    ),
    IsInt({ message }),
    Min(minimum, { message }),
    Max(maximum, { message }),
  );
}

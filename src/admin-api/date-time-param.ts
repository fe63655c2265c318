import { applyDecorators } from '@nestjs/common';
import { Transform } from 'class-transformer';
import { IsDate } from 'class-validator';
import { ApiPropertyOptional } from '../openapi/decorators.js';

/** A date-time of RFC 3339, with optional seconds, or a date. JavaScript parses few of the other forms of ISO 8601. */
const DATE_TIME =
  /^(\d{4})-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])(T([01]\d|2[0-3]):[0-5]\d(:[0-5]\d(\.\d{1,9})?)?(Z|[+-]([01]\d|2[0-3]):[0-5]\d))?$/;

/** @returns undefined for a text that is not a time, such as February 30 */
export function parseDateTime(text: string): Date | undefined {
  const [isDateTime, year, month, day] = DATE_TIME.exec(text) ?? [];
  const lastDay = new Date(Date.UTC(2000 + (Number(year) % 400), Number(month), 0)).getUTCDate();
  return isDateTime !== undefined && Number(day) <= lastDay ? new Date(text) : undefined;
}

/**
 * Validates a time in a query, transforms it to a Date, and describes it for OpenAPI. The text is a time with its time zone, or a date, which
 * means midnight in UTC.
 */
export function DateTimeParam(description: string): PropertyDecorator {
  return applyDecorators(
    ApiPropertyOptional({
      type: String,
      format: 'date-time',
      description: `${description}. A time needs its time zone; a date, such as 2026-01-31, begins in UTC`,
    }),
    Transform(({ value }: { value: unknown }) =>
      typeof value === 'string' ? (parseDateTime(value) ?? value) : value,
    ),
    IsDate({
      message:
        '$property must be a date such as 2026-01-31 (from midnight in UTC), or a time with its zone such as 2026-01-31T08:00:00Z or 2026-01-31T08:00:00%2B08:00',
    }),
  );
}

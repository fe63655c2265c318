import { applyDecorators } from '@nestjs/common';
import { Transform } from 'class-transformer';
import { IsDate } from 'class-validator';

/** The date-time of RFC 3339, its seconds optional, or a date alone. ISO 8601 knows many more forms, and JavaScript reads few of them. */
const MOMENT =
  /^(\d{4})-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])(T([01]\d|2[0-3]):[0-5]\d(:[0-5]\d(\.\d{1,9})?)?(Z|[+-]([01]\d|2[0-3]):[0-5]\d))?$/;

/** @returns undefined for what is no moment, such as February 30 */
function readMoment(text: string): Date | undefined {
  const [isMoment, year, month, day] = MOMENT.exec(text) ?? [];
  const lastDay = new Date(Date.UTC(2000 + (Number(year) % 400), Number(month), 0)).getUTCDate();
  return isMoment !== undefined && Number(day) <= lastDay ? new Date(text) : undefined;
}

/** A moment that comes as text from a query: with its zone, or a date alone, which begins in UTC. It becomes a Date. */
export function Moment(): PropertyDecorator {
  return applyDecorators(
    Transform(({ value }: { value: unknown }) =>
      typeof value === 'string' ? (readMoment(value) ?? value) : value,
    ),
    IsDate({
      message:
        '$property must be a date such as 2026-01-31 (from midnight in UTC), or a time with its zone such as 2026-01-31T08:00:00Z or 2026-01-31T08:00:00%2B08:00',
    }),
  );
}

import { applyDecorators, BadRequestException } from '@nestjs/common';
import { Transform } from 'class-transformer';
import { IsIn, IsNotEmpty, IsOptional, IsString, MaxLength } from 'class-validator';
import { ApiProperty, ApiPropertyOptional } from '../openapi/decorators.js';
import { storableText } from '../postgres/storable-text.js';
import { WholeNumber } from '../config/whole-number.js';
import { LIST_FORMATS, type ListFormat } from './list-format.js';

/** Transforms a text of a query or path as it would be stored. */
export const ToStorable = Transform(({ value }: { value: unknown }) =>
  typeof value === 'string' ? storableText(value) : value,
);

/** The query of a route without query parameters. */
export class NoQuery {}

/** The page of a list. */
export class PageQuery {
  @WholeNumber(1, 500)
  @ApiPropertyOptional({
    description: 'Items on a page',
    type: 'integer',
    minimum: 1,
    maximum: 500,
    default: 50,
  })
  limit: number = 50;

  @IsOptional()
  @IsString()
  @IsNotEmpty()
  @MaxLength(4096)
  @ApiPropertyOptional({ description: 'The `nextCursor` of the previous page' })
  cursor?: string;
}

/** Validates and describes the format of a list that can be exported whole. */
export const FormatParam = (): PropertyDecorator =>
  applyDecorators(
    IsOptional(),
    IsIn(LIST_FORMATS),
    ApiPropertyOptional({
      enum: LIST_FORMATS,
      description:
        '`csv` and `ndjson`: the whole list, without pages; also by `Accept: text/csv` and `Accept: application/x-ndjson`',
    }),
  );

/** The page of a list that can be exported whole. */
export class ExportablePageQuery extends PageQuery {
  @FormatParam()
  format?: ListFormat;
}

/** A page, without its items. */
export abstract class Page {
  @ApiProperty({
    type: String,
    nullable: true,
    description: 'For the query parameter `cursor`; null on the last page',
  })
  nextCursor!: string | null;
}

/**
 * The key of the last row of a page, after which the next page begins. A time in it is a text of PostgreSQL in µs: as a JavaScript Date, rounded to
 * ms, it would repeat or skip rows.
 */
export type Cursor = readonly (string | number)[];

/** Encodes a key as the opaque text of `nextCursor`. */
function encodeCursor(key: Cursor): string {
  return Buffer.from(JSON.stringify(key)).toString('base64url');
}

/** A timestamptz as PostgreSQL writes it in UTC, with µs, and with years that a JavaScript Date does not have. */
const TIMESTAMPTZ =
  /^(\d{4,6})-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01]) ([01]\d|2[0-3]):[0-5]\d:[0-5]\d(\.\d{1,6})?\+00( BC)?$/;
/** The last years of PostgreSQL's timestamptz. */
const LAST_YEARS = { AD: 294_276, BC: 4713 };

function isTimestamptz(part: unknown): boolean {
  const text = String(part);
  if (text === 'infinity' || text === '-infinity') {
    return true;
  }
  const [, year, month, day] = (TIMESTAMPTZ.exec(text) ?? []).map(Number);
  return (
    year !== undefined &&
    year > 0 &&
    year <= LAST_YEARS[text.endsWith('BC') ? 'BC' : 'AD'] &&
    // The calendar repeats every 400 years.
    new Date(Date.UTC(2000 + (year % 400), month! - 1, day)).getUTCDate() === day
  );
}

/** Checks of the parts of a key: whether PostgreSQL can compare them with the column. */
const PARTS = {
  text: (part: unknown) => typeof part === 'string' && storableText(part) === part,
  uuid: (part: unknown) =>
    typeof part === 'string' && /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(part),
  int32: (part: unknown) => Number.isInteger(part) && Math.abs(Number(part)) <= 2 ** 31 - 1,
  timestamptz: isTimestamptz,
};

/**
 * Decodes a cursor.
 * @param shape the types of the parts of the key, such as `['timestamptz', 'text']`
 * @throws BadRequestException for a text that is not a cursor of this list
 */
export function decodeCursor(cursor: string, shape: readonly (keyof typeof PARTS)[]): Cursor {
  const key = parse(Buffer.from(cursor, 'base64url').toString());
  if (
    !Array.isArray(key) ||
    key.length !== shape.length ||
    !shape.every((part, index) => PARTS[part](key[index]))
  ) {
    throw new BadRequestException(['cursor must be the nextCursor of an earlier page of this list']);
  }
  return key as Cursor;
}

function parse(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return undefined;
  }
}

/** Makes a page of rows. The caller reads one row more than `limit`: that row shows that there is a next page. */
export function page<T>(
  rows: T[],
  limit: number,
  key: (row: T) => Cursor,
): { items: T[]; nextCursor: string | null } {
  const items = rows.slice(0, limit);
  const last = items.at(-1);
  return { items, nextCursor: last && rows.length > limit ? encodeCursor(key(last)) : null };
}

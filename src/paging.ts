import { BadRequestException } from '@nestjs/common';
import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { Transform } from 'class-transformer';
import { IsNotEmpty, IsOptional, IsString, MaxLength } from 'class-validator';
import { storableText } from './storable-text.js';
import { LAST_TIME_MS } from './storable-time.js';
import { WholeNumber } from './whole-number.js';

/** A text of a query or a path, as it would have been stored. */
export const ToStorable = Transform(({ value }: { value: unknown }) =>
  typeof value === 'string' ? storableText(value) : value,
);

/** Of a route that takes no query: any parameter is an unknown one. */
export class NoQuery {}

/** Which page of a list. */
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
  @ApiPropertyOptional({ description: 'The `nextCursor` of the page before' })
  cursor?: string;
}

/** What every page has beside its items. */
export abstract class Page {
  @ApiProperty({
    type: String,
    nullable: true,
    description: 'For the query parameter `cursor`; null on the last page',
  })
  nextCursor!: string | null;
}

/** The key of the last row of a page: where the next page begins. */
export type Cursor = readonly (string | number)[];

/** Writes a key as the opaque text of `nextCursor`. */
function encodeCursor(key: Cursor): string {
  return Buffer.from(JSON.stringify(key)).toString('base64url');
}

/** What a part of a key may be: what PostgreSQL can compare with the column. */
const PARTS = {
  text: (part: unknown) => typeof part === 'string' && storableText(part) === part,
  uuid: (part: unknown) =>
    typeof part === 'string' && /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(part),
  int32: (part: unknown) => Number.isInteger(part) && Math.abs(Number(part)) <= 2 ** 31 - 1,
  time: (part: unknown) => Number.isInteger(part) && Number(part) >= 0 && Number(part) <= LAST_TIME_MS,
};

/**
 * Reads a cursor back.
 * @param shape what each part of the key must be, such as `['time', 'text']`
 * @throws BadRequestException when the text is not a cursor of this list
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

/** One row more than the page was asked for: it tells that there is a next page, and is not shown. */
export function page<T>(
  rows: T[],
  limit: number,
  key: (row: T) => Cursor,
): { items: T[]; nextCursor: string | null } {
  const items = rows.slice(0, limit);
  const last = items.at(-1);
  return { items, nextCursor: last && rows.length > limit ? encodeCursor(key(last)) : null };
}

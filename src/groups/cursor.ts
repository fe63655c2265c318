import { BadRequestException } from '@nestjs/common';
import { storableText } from '../storable-text.js';
import { LAST_TIME_MS } from '../storable-time.js';

/** The key of the last row of a page: where the next page begins. */
export type Cursor = readonly (string | number)[];

/** Writes a key as the opaque text of `nextCursor`. */
export function encodeCursor(key: Cursor): string {
  return Buffer.from(JSON.stringify(key)).toString('base64url');
}

/** What a part of a key may be: what PostgreSQL can compare with the column. */
const PARTS = {
  text: (part: unknown) => typeof part === 'string' && storableText(part) === part,
  int32: (part: unknown) => Number.isInteger(part) && Math.abs(Number(part)) <= 2 ** 31 - 1,
  time: (part: unknown) => Number.isInteger(part) && Math.abs(Number(part)) <= LAST_TIME_MS,
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

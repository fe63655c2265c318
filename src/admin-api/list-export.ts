import { Readable } from 'node:stream';
import { StreamableFile } from '@nestjs/common';
import type { Response } from 'express';
import { type ListFormat, MEDIA_TYPES } from './list-format.js';
import type { PageQuery } from './paging.js';

/** Rows that are read at once for an export. */
export const EXPORT_PAGE = 500;

interface ItemsPage<T> {
  items: T[];
  nextCursor: string | null;
}

/**
 * A list in the format that is asked for: a page, or a file of the whole list from the cursor on, which is read page by page, so that memory
 * does not grow. Where it cannot be read to its end the connection is cut: a file that ends is whole.
 * @param name name of the file, without its ending
 * @param columns the columns of a CSV file
 * @param read reads a page
 * @throws the error of the first page
 */
export async function listAs<T extends object, P extends ItemsPage<T>, Q extends PageQuery>(
  format: ListFormat,
  query: Q,
  { name, columns }: { name: string; columns: readonly (keyof T & string)[] },
  read: (query: Q) => Promise<P>,
): Promise<P | StreamableFile> {
  if (format === 'json') {
    return read(query);
  }
  const pages = pagesOf<T, Q>(Object.assign({}, query, { limit: EXPORT_PAGE }), read);
  const texts = textsOf(pages, format, columns);
  const { value: first = '' } = await texts.next();
  return new StreamableFile(Readable.from(startingWith(first, texts), { objectMode: false }), {
    type: `${MEDIA_TYPES[format]}; charset=utf-8`,
    disposition: `attachment; filename="${name}.${format}"`,
  }).setErrorHandler((error, response) => void (response as unknown as Response).destroy(error));
}

async function* startingWith(first: string, others: AsyncIterable<string>): AsyncGenerator<string> {
  yield first;
  yield* others;
}

/** Pages as the texts of a file, one for each. */
export async function* textsOf<T extends object>(
  pages: AsyncIterable<T[]>,
  format: Exclude<ListFormat, 'json'>,
  columns: readonly (keyof T & string)[],
): AsyncGenerator<string, undefined> {
  const lines = format === 'csv' ? await toCsv<T>(columns) : toNdjson;
  let isFirst = true;
  for await (const items of pages) {
    yield lines(items, isFirst);
    isFirst = false;
  }
}

/** Reads the pages of a list. */
export async function* pagesOf<T, Q extends PageQuery>(
  query: Q,
  read: (query: Q) => Promise<ItemsPage<T>>,
): AsyncGenerator<T[], undefined> {
  for (let cursor: string | null | undefined = query.cursor; cursor !== null;) {
    const page: ItemsPage<T> = await read(
      cursor === undefined ? query : Object.assign({}, query, { cursor }),
    );
    yield page.items;
    cursor = page.nextCursor;
  }
}

/** Rows as lines of JSON. */
const toNdjson = (items: readonly object[]): string =>
  items.map((item) => `${JSON.stringify(item)}\n`).join('');

/** Rows as CSV. A text that a spreadsheet would run as a formula begins with an apostrophe. The library is loaded by the first export. */
async function toCsv<T extends object>(columns: readonly (keyof T & string)[]) {
  const { stringify } = await import('csv-stringify/sync');
  return (items: readonly T[], isFirst: boolean): string =>
    stringify([...items], {
      columns: [...columns],
      header: isFirst,
      escape_formulas: true,
      record_delimiter: 'windows',
      cast: { object: (value) => JSON.stringify(value) },
    });
}

import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

export const ROOT = join(import.meta.dirname, '..');

/** Imports a module that `npm run build` made. */
export const built = (path) => import(pathToFileURL(join(ROOT, 'dist', path)).href);

const cell = (text) => String(text).replaceAll('|', '\\|').replaceAll('\n', ' ');

/** A table of Markdown. */
export const table = (heading, rows) =>
  [heading, heading.map(() => '---'), ...rows].map((row) => `| ${row.map(cell).join(' | ')} |`).join('\n');

import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

export const ROOT = join(import.meta.dirname, '..');

/** Imports a module from the output of `npm run build`. */
export const built = (path) => import(pathToFileURL(join(ROOT, 'dist', path)).href);

const cell = (text) => String(text).replaceAll('|', '\\|').replaceAll('\n', ' ');

/** Renders a Markdown table. */
export const table = (heading, rows) =>
  [heading, heading.map(() => '---'), ...rows].map((row) => `| ${row.map(cell).join(' | ')} |`).join('\n');

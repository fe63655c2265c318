import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';

let text: string | undefined;

/** The styles of the console, which the first page reads. */
export const STYLES = {
  text: (): string => (text ??= readFileSync(new URL('console.css', import.meta.url), 'utf8')),
  /** The url, which changes with the text: browsers keep it for ever. */
  url: (): string =>
    `/console/console.css?v=${createHash('sha256').update(STYLES.text()).digest('hex').slice(0, 12)}`,
};

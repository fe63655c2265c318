/**
 * The text as PostgreSQL can hold it: U+0000, which its texts cannot contain, and halves of surrogate pairs, which UTF-8 cannot
 * say, become U+FFFD. Written and asked for alike, so that what was stored is found.
 */
export function storableText(text: string): string {
  return text.toWellFormed().replaceAll('\0', '\uFFFD');
}

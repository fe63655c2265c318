/**
 * Replaces what PostgreSQL cannot store by U+FFFD: U+0000, and halves of surrogate pairs, which UTF-8 cannot encode. Writes and queries do the
 * same, so that a stored text is found.
 */
export function storableText(text: string): string {
  return text.toWellFormed().replaceAll('\0', '\uFFFD');
}

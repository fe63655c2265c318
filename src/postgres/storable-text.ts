/**
 * Replaces characters that PostgreSQL cannot store by U+FFFD: U+0000, and lone surrogates, which UTF-8 cannot encode. Writes and queries use
 * the same function, so that a query finds a stored text.
 */
export function storableText(text: string): string {
  return text.toWellFormed().replaceAll('\0', '\uFFFD');
}

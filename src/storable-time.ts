/** The last moment of a JavaScript Date, in ms: in the year 275760, well within PostgreSQL's timestamptz. */
export const LAST_TIME_MS = 8.64e15;

/**
 * A moment of OpenIM's, in ms since 1970, as the replica keeps it. Zero and negative ones (Go's zero time is -62135596800000)
 * mean that there is none: they are kept as 0.
 * @returns a text for PostgreSQL's timestamptz
 */
export function storableTime(ms: number): string {
  // PostgreSQL reads a year of six digits, but not the sign that ISO 8601 puts before it.
  return new Date(Math.min(Math.max(ms, 0), LAST_TIME_MS)).toISOString().replace(/^\+/, '');
}

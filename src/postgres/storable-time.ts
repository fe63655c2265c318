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

/**
 * A moment that PostgreSQL gave, in ms since 1970. Its years reach further than those of a JavaScript Date: what lies beyond is the last
 * moment of one.
 * @param moment as node-postgres reads it: an invalid Date for a year that is too late, a number for `infinity`
 */
export function readableTime(moment: Date | number): number {
  const ms = Number(moment);
  return Number.isNaN(ms) ? LAST_TIME_MS : Math.min(Math.max(ms, -LAST_TIME_MS), LAST_TIME_MS);
}

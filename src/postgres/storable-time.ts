/** Last time of a JavaScript Date, in ms: in the year 275760, within PostgreSQL's timestamptz. */
export const LAST_TIME_MS = 8.64e15;

/**
 * Converts a time of OpenIM, in ms since 1970, to a text for PostgreSQL's timestamptz. Zero and negative times (Go's zero time is
 * -62135596800000) mean that no time is set, and become 1970.
 */
export function storableTime(ms: number): string {
  // PostgreSQL parses a year of six digits, but not the sign of ISO 8601 before it.
  return new Date(Math.min(Math.max(ms, 0), LAST_TIME_MS)).toISOString().replace(/^\+/, '');
}

/**
 * Converts a time of PostgreSQL to ms since 1970. A time beyond those of a JavaScript Date becomes the last one.
 * @param time as node-postgres parses it: an invalid Date for a year that is too late, a number for `infinity`
 */
export function readableTime(time: Date | number): number {
  const ms = Number(time);
  return Number.isNaN(ms) ? LAST_TIME_MS : Math.min(Math.max(ms, -LAST_TIME_MS), LAST_TIME_MS);
}

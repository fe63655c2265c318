/** Why a group needs reconciling with OpenIM: values of `groups.stale_reason`. */
export const STALE = {
  creation: 'its creation was not received',
  member: 'a member joined or left, and no callback reported it',
  role: 'a former role is not known',
  order: 'the order of two callbacks is not known',
  entered: 'a user joined, OpenIM does not report who',
  notified: 'OpenIM notified the members of a change',
  profile: 'the name or picture of a user changed',
  rejected: 'a callback was rejected',
  failed: 'a callback failed',
  unread: 'it could not be read from OpenIM',
  absent: 'OpenIM does not have it',
} as const;

/** The reason that a creation, when it arrives, takes away, and that any other reason replaces. */
const isReplaceable = (row: string): string =>
  `(${row}.stale_reason IS NULL OR ${row}.stale_reason = '${STALE.creation}')`;

/** Keeps the first reason of a row, unless it is replaceable. */
export const mergedStaleReason = (reason: string, row = 'g'): string =>
  `CASE WHEN ${isReplaceable(row)} THEN ${reason} ELSE ${row}.stale_reason END`;

/** Assignments of an UPDATE that mark row `g` stale where the CTE has a reason (`stale`). */
export const mergeStale = (from: string): string => `
      stale_since = CASE WHEN ${from}.stale IS NULL THEN g.stale_since ELSE coalesce(g.stale_since, now()) END,
      stale_reason = ${mergedStaleReason(`coalesce(${from}.stale, g.stale_reason)`)}`;

/** Assignments of an UPDATE that mark row `g` stale. */
export const setStale = (reason: string): string => `
    stale_reason = ${mergedStaleReason(reason)},
    stale_since = coalesce(g.stale_since, now()),
    last_callback_at = clock_timestamp()`;

/**
 * Whether a callback of the last second marked the row, and it was not reconciled since. One change may cause many hints, such as the
 * invitation of a thousand users: they cost one write.
 */
export const isMarkedRecently = (row: string): string => `
  (${row}.stale_since IS NOT NULL AND ${row}.last_callback_at > clock_timestamp() - interval '1 second'
    AND ${row}.last_callback_at > coalesce(${row}.verified_at, '-infinity'))`;

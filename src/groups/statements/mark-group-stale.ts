import { andLog } from '../../deliveries/delivery-log.js';
import { BASE, isAhead, isMarked, markedStale, STALE, writtenGroup } from './building-blocks.js';

/** Something happened in a group that the callback does not tell. */
export interface GroupHint {
  /** Why the group needs a look. */
  reason: (typeof STALE)['entered' | 'notified'];
}

/** A hint: nothing is known but that the group needs a look. */
export const MARK_GROUP_STALE = `
  WITH ${BASE},
  told AS (SELECT $2::json->>'reason' AS reason),
  hint AS (
    SELECT coalesce((SELECT nullif(stale_reason, '${STALE.creation}') FROM known), '') = '' AS is_new,
      coalesce((SELECT ${isMarked('known')} FROM known), false) AS is_marked
  ),
  effect AS (
    SELECT 0 AS delta, hint.is_new OR NOT hint.is_marked AS touched, hint.is_new AS changed, told.reason AS stale
    FROM moment, told, hint
  ),
  ${writtenGroup()},
  ${andLog('SELECT coalesce(bool_or(changed), false) AS changed FROM effect')}`;

/** A callback that was not written. Only a group that is known can be in doubt. */
export const MARK_STALE_AFTER_FAILURE = `
  UPDATE groups g SET ${markedStale('$2')}
  WHERE group_id = $1`;

/**
 * OpenIM was asked as of $2 and has no such group. Its row stays: OpenIM deletes none, so somebody did by hand, or it is another
 * OpenIM.
 */
export const MARK_GROUP_ABSENT = `
  UPDATE groups SET
    stale_reason = '${STALE.absent}',
    stale_since = coalesce(stale_since, now()),
    version_id = NULL,
    version = NULL
  WHERE group_id = $1 AND (coalesce(last_callback_at <= $2, true) OR ${isAhead('last_callback_at')})
    AND (coalesce(verified_at <= $2, true) OR ${isAhead('verified_at')})`;

/** OpenIM does not show the group, for the reason $2, though it may have it. */
export const MARK_GROUP_UNREADABLE = `
  UPDATE groups SET
    stale_reason = '${STALE.unread}: ' || $2,
    stale_since = coalesce(stale_since, now())
  WHERE group_id = $1 AND stale_reason IS DISTINCT FROM '${STALE.unread}: ' || $2`;

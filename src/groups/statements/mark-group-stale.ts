import { andLogDelivery } from '../../deliveries/delivery-log.js';
import type { PreparedStatement } from '../../postgres/prepared-statement.js';
import { isAheadOfClock } from './as-of.js';
import { KNOWN_AND_CHANGE, upsertGroup } from './building-blocks.js';
import { NO_MEMBER_CHANGES } from './member-changes.js';
import { isMarkedRecently, setStale, STALE } from './stale.js';

/** A change of a group that the callback does not report. */
export interface GroupHint {
  /** Why the group needs reconciling. */
  reason: (typeof STALE)['entered' | 'notified'];
}

/** Marks a group stale for a hint; creates its row where it is not known. */
export const MARK_GROUP_STALE: PreparedStatement = {
  name: 'markGroupStale',
  text: `
  WITH ${KNOWN_AND_CHANGE},
  payload AS (SELECT $2::json->>'reason' AS reason),
  hint AS (
    SELECT coalesce((SELECT nullif(stale_reason, '${STALE.creation}') FROM known), '') = '' AS is_new,
      coalesce((SELECT ${isMarkedRecently('known')} FROM known), false) AS is_marked
  ),
  ${NO_MEMBER_CHANGES},
  effect AS (
    SELECT 0 AS delta, hint.is_new OR NOT hint.is_marked AS touched, hint.is_new AS changed, payload.reason AS stale
    FROM change, payload, hint
  ),
  ${upsertGroup()},
  ${andLogDelivery('SELECT coalesce(bool_or(changed), false) AS changed FROM effect')}`,
};

/** Marks group $1, if it is known, for the reason $2: a callback that names it was not written. */
export const MARK_STALE_AFTER_FAILURE: PreparedStatement = {
  name: 'markStaleAfterFailure',
  text: `
  UPDATE groups g SET ${setStale('$2')}
  WHERE group_id = $1`,
};

/**
 * Marks group $1 absent: OpenIM, asked as of $2, does not have it. The row stays, since OpenIM deletes no group: somebody deleted it, or this
 * is another OpenIM.
 */
export const MARK_GROUP_ABSENT: PreparedStatement = {
  name: 'markGroupAbsent',
  text: `
  UPDATE groups SET
    stale_reason = '${STALE.absent}',
    stale_since = coalesce(stale_since, now()),
    version_id = NULL,
    version = NULL
  WHERE group_id = $1 AND (coalesce(last_callback_at <= $2, true) OR ${isAheadOfClock('last_callback_at')})
    AND (coalesce(verified_at <= $2, true) OR ${isAheadOfClock('verified_at')})`,
};

/** Marks group $1 for the reason $2: OpenIM does not show it, though it may have it. */
export const MARK_GROUP_UNREADABLE: PreparedStatement = {
  name: 'markGroupUnreadable',
  text: `
  UPDATE groups SET
    stale_reason = '${STALE.unread}: ' || $2,
    stale_since = coalesce(stale_since, now())
  WHERE group_id = $1 AND stale_reason IS DISTINCT FROM '${STALE.unread}: ' || $2`,
};

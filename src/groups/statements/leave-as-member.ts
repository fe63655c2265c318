import { logDelivery } from '../../deliveries/delivery-log.js';
import type { PreparedStatement } from '../../postgres/prepared-statement.js';
import { callbackOverwrites, mergedAsOf } from './as-of.js';
import { CHANGE, isNotVerifiedSince, isRecent } from './building-blocks.js';
import { record } from './record-change.js';
import { mergeStale, STALE } from './stale.js';

/**
 * Does the same as `LEAVE_GROUP` for a callback that is the latest, where the group is known and the one user is a member of it: nearly
 * every one, from the journal too. It writes nothing, and returns no row, for any other. There is little to compare, so it costs less.
 */
export const LEAVE_AS_MEMBER: PreparedStatement = {
  name: 'leaveAsMember',
  text: `
  WITH known AS (
    SELECT change.as_of, groups.created_as_of, groups.member_count, groups.revision, payload.*
    FROM ${CHANGE} JOIN groups ON group_id = $1
      CROSS JOIN json_to_record($2::json) AS payload("userIDs" text[], cause text, reason text)
    WHERE cardinality("userIDs") = 1 AND member_count > 0 AND ${isNotVerifiedSince('groups')}
  ),
  leaving AS (
    SELECT m.ctid AS row_id, m.user_id, m.role_level, m.valid_from, known.*,
      CASE WHEN ${isRecent('m', 'known')} THEN '${STALE.order}' END AS stale
    FROM known JOIN group_members m ON m.group_id = $1 AND m.user_id = "userIDs"[1] AND m.left_at IS NULL
    WHERE ${callbackOverwrites('m.as_of', 'known.as_of')}
  ),
  written_group AS (
    UPDATE groups g SET
      member_count = g.member_count - 1,
      synced_at = now(),
      last_callback_at = clock_timestamp(),${mergeStale('leaving')},
      revision = g.revision + 1
    FROM leaving WHERE g.group_id = $1
    RETURNING 1
  ),
  written_member AS (
    UPDATE group_members m SET
      left_at = leaving.as_of, left_cause = cause, left_reason = reason, as_of = ${mergedAsOf('m', 'leaving')}, synced_at = now()
    FROM (SELECT count(*) FROM written_group) AS group_done, leaving WHERE m.ctid = leaving.row_id
  ),
  ended_period AS (
    INSERT INTO group_member_periods (group_id, user_id, role_level, valid_from, valid_to, how)
    SELECT $1, user_id, role_level, valid_from, as_of, cause FROM leaving WHERE valid_from < as_of
    ON CONFLICT DO NOTHING
  ),
  ${record({
    revision: 'revision + 1',
    kinds: "'{left}'",
    asOf: 'as_of',
    content: `jsonb_build_object(
        'members', jsonb_build_array(jsonb_build_object('userID', user_id, 'kind', 'left', 'roleLevel', role_level, 'cause', cause)),
        'group', jsonb_build_object('memberCount', jsonb_build_array(member_count, member_count - 1)))`,
    from: 'leaving',
  })},
  logged AS (${logDelivery("'applied'", 'leaving')})
  SELECT true AS changed FROM leaving`,
};

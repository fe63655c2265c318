import { logDelivery } from '../../deliveries/delivery-log.js';
import type { PreparedStatement } from '../../postgres/prepared-statement.js';
import { mergedAsOf } from './as-of.js';
import { isRecent, NOW_AS_CHANGE } from './building-blocks.js';
import { KEPT_MEMBERS } from './member-changes.js';
import { record } from './record-change.js';
import { mergeStale, STALE } from './stale.js';

/**
 * Does the same as `LEAVE_GROUP` for a callback that arrives now, where the group is known and each user is a member of it: nearly every one.
 * It writes nothing, and returns no row, for any other. There is little to compare, so it costs less.
 */
export const LEAVE_AS_MEMBERS: PreparedStatement = {
  name: 'leaveAsMembers',
  text: `
  WITH known AS (
    SELECT change.as_of, groups.created_as_of, groups.member_count, groups.revision, payload.*
    FROM ${NOW_AS_CHANGE} JOIN groups ON group_id = $1
      CROSS JOIN json_to_record($2::json) AS payload("userIDs" text[], cause text, reason text)
  ),
  leaving AS (
    SELECT m.ctid AS row_id, m.user_id, m.role_level, ${isRecent('m', 'known')} AS is_recent
    FROM known CROSS JOIN unnest("userIDs") AS affected_users(user_id) CROSS JOIN LATERAL (
      SELECT ctid, * FROM group_members WHERE group_id = $1 AND user_id = affected_users.user_id AND left_at IS NULL OFFSET 0
    ) AS m
  ),
  effect AS (
    SELECT known.*, members.*, CASE WHEN is_recent THEN '${STALE.order}' END AS stale
    FROM known, (
      SELECT count(*)::integer AS number, bool_or(is_recent) AS is_recent, jsonb_agg(jsonb_build_object(
        'userID', leaving.user_id, 'kind', 'left', 'roleLevel', role_level, 'cause', cause)) AS changes
      FROM known, leaving
    ) AS members
    WHERE number BETWEEN 1 AND least(member_count, ${KEPT_MEMBERS}) AND number = cardinality("userIDs")
  ),
  written_group AS (
    UPDATE groups g SET
      member_count = g.member_count - number,
      synced_at = now(),
      last_callback_at = clock_timestamp(),${mergeStale('effect')},
      revision = g.revision + 1
    FROM effect WHERE g.group_id = $1
    RETURNING 1
  ),
  written_members AS (
    UPDATE group_members m SET
      left_at = effect.as_of, left_cause = cause, left_reason = reason, as_of = ${mergedAsOf('m', 'effect')}, synced_at = now()
    FROM (SELECT count(*) FROM written_group) AS group_done, effect, leaving WHERE m.ctid = leaving.row_id
    RETURNING m.user_id, m.role_level, m.valid_from, m.left_at, m.left_cause
  ),
  ended_periods AS (
    INSERT INTO group_member_periods (group_id, user_id, role_level, valid_from, valid_to, how)
    SELECT $1, user_id, role_level, valid_from, left_at, left_cause FROM written_members WHERE valid_from < left_at
    ON CONFLICT DO NOTHING
  ),
  ${record({
    revision: 'revision + 1',
    kinds: "'{left}'",
    asOf: 'as_of',
    content: `jsonb_build_object('members', changes, 'group',
        jsonb_build_object('memberCount', jsonb_build_array(member_count, member_count - number)))`,
    from: 'effect',
  })},
  logged AS (${logDelivery("'applied'", 'effect')})
  SELECT true AS changed FROM effect`,
};

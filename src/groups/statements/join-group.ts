import { andLogDelivery } from '../../deliveries/delivery-log.js';
import { RoleLevel } from '../../openim/constants.js';
import type { PreparedStatement } from '../../postgres/prepared-statement.js';
import {
  AFFECTED_MEMBERS,
  isRecent,
  KNOWN_AND_CHANGE,
  REMOVED_AT,
  UPSERT_MEMBERS,
  upsertGroup,
} from './building-blocks.js';
import { endedPeriods, memberChanges, OLD_COLUMNS, OLD_NAMES } from './member-changes.js';
import { MEMBER_COUNT, recordChange } from './record-change.js';
import { STALE } from './stale.js';

/** A user who joined a group. */
export interface MemberJoined {
  userID: string;
  joinSource: number;
  /** "" where nobody invited the user. */
  inviterUserID: string;
}

/**
 * Adds an ordinary member, without anything of an earlier membership. Of a user who is a member already it takes only what the callback
 * reports. Where the members of a dismissed group were deleted, the join was before that: the user has left too.
 */
export const JOIN_GROUP: PreparedStatement = {
  name: 'joinGroup',
  text: `
  WITH ${KNOWN_AND_CHANGE},
  payload AS (SELECT * FROM json_to_record($2::json) AS t("userID" text, "joinSource" integer, "inviterUserID" text)),
  affected_users AS (SELECT "userID" AS user_id FROM payload),
  before AS (
    SELECT affected_users.user_id, m.left_at, m.join_time, ${OLD_COLUMNS},
      ${isRecent('m')} AS is_recent,
      ${REMOVED_AT} AS removed_at
    FROM ${AFFECTED_MEMBERS}
  ),
  planned AS (
    SELECT user_id, is_recent, left_at IS NOT NULL AS had_left, ${OLD_NAMES},
      CASE WHEN old_is_member AND old_role_level <> 0 THEN old_role_level ELSE ${RoleLevel.Ordinary} END AS role_level,
      removed_at AS left_at,
      CASE WHEN removed_at IS NOT NULL THEN 'dismissed' END AS left_cause,
      NULL AS left_reason,
      CASE WHEN old_is_member THEN old_nickname END AS nickname,
      CASE WHEN old_is_member THEN old_face_url END AS face_url,
      CASE WHEN old_is_member THEN old_ex END AS ex,
      (SELECT "joinSource" FROM payload) AS join_source,
      (SELECT "inviterUserID" FROM payload) AS inviter_user_id,
      CASE WHEN old_is_member THEN join_time END AS join_time,
      CASE WHEN old_is_member THEN old_mute_end_time END AS mute_end_time
    FROM before
  ),
  ${memberChanges([])},
  effect AS (
    SELECT count(*) FILTER (WHERE NOT old_is_member AND left_at IS NULL) AS delta,
      count(*) > 0 AS touched,
      coalesce(bool_or(NOT old_is_member), false) AS changed,
      CASE WHEN bool_or(had_left AND is_recent) OR bool_or(old_is_member AND old_role_level NOT IN (0, ${RoleLevel.Ordinary}))
        THEN '${STALE.order}' END AS stale
    FROM planned
  ),
  ${upsertGroup()},
  ${UPSERT_MEMBERS},
  ${endedPeriods()},
  ${recordChange([MEMBER_COUNT])},
  ${andLogDelivery('SELECT changed FROM effect')}`,
};

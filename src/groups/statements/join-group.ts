import { andLog } from '../../deliveries/delivery-log.js';
import { RoleLevel } from '../../openim/constants.js';
import { BASE, MEMBERS_SO_FAR, recent, STALE, WRITTEN_MEMBERS, writtenGroup } from './building-blocks.js';

/** A user who came into a group. */
export interface MemberJoined {
  userID: string;
  joinSource: number;
  /** "" where nobody invited the user. */
  inviterUserID: string;
}

/**
 * Who joins is an ordinary member with nothing of an earlier membership. Of a user who is in already only what the join tells
 * is taken.
 * Where the members of a dismissed group were deleted, the join came before that.
 */
export const JOIN_GROUP = `
  WITH ${BASE},
  told AS (SELECT * FROM json_to_record($2::json) AS t("userID" text, "joinSource" integer, "inviterUserID" text)),
  told_users AS (SELECT "userID" AS user_id FROM told),
  so_far AS (
    SELECT told_users.user_id, m.role_level, m.left_at, m.nickname, m.face_url, m.ex, m.join_source, m.inviter_user_id,
      m.join_time, m.mute_end_time,
      m.user_id IS NOT NULL AND m.left_at IS NULL AS was_in,
      ${recent('m')} AS recent,
      known.members_removed_at
    FROM ${MEMBERS_SO_FAR}
  ),
  planned AS (
    SELECT user_id, was_in, recent, left_at IS NOT NULL AS had_left, role_level AS role_before,
      CASE WHEN was_in AND role_level <> 0 THEN role_level ELSE ${RoleLevel.Ordinary} END AS role_level,
      members_removed_at AS left_at,
      CASE WHEN members_removed_at IS NOT NULL THEN 'dismissed' END AS left_cause,
      NULL AS left_reason,
      CASE WHEN was_in THEN nickname END AS nickname,
      CASE WHEN was_in THEN face_url END AS face_url,
      CASE WHEN was_in THEN ex END AS ex,
      (SELECT "joinSource" FROM told) AS join_source,
      (SELECT "inviterUserID" FROM told) AS inviter_user_id,
      CASE WHEN was_in THEN join_time END AS join_time,
      CASE WHEN was_in THEN mute_end_time END AS mute_end_time
    FROM so_far
  ),
  effect AS (
    SELECT count(*) FILTER (WHERE NOT was_in AND left_at IS NULL) AS delta,
      count(*) > 0 AS touched,
      coalesce(bool_or(NOT was_in), false) AS changed,
      CASE WHEN bool_or(had_left AND recent) OR bool_or(was_in AND role_before NOT IN (0, ${RoleLevel.Ordinary}))
        THEN '${STALE.order}' END AS stale
    FROM planned
  ),
  ${writtenGroup()},
  ${WRITTEN_MEMBERS},
  ${andLog('SELECT changed FROM effect')}`;

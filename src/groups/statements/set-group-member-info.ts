import { andLog } from '../../deliveries/delivery-log.js';
import { BASE, MEMBERS_SO_FAR, recent, STALE, WRITTEN_MEMBERS, writtenGroup } from './building-blocks.js';

/** What changed of a member; null: nothing. */
export interface MemberInfo {
  userID: string;
  nickname: string | null;
  faceURL: string | null;
  roleLevel: number | null;
  ex: string | null;
}

/**
 * OpenIM changes members only, so the user is one. Who left is brought back, unless that was a moment ago: then the change was
 * made before.
 */
export const SET_GROUP_MEMBER_INFO = `
  WITH ${BASE},
  told AS (
    SELECT * FROM json_to_record($2::json) AS t("userID" text, nickname text, "faceURL" text, "roleLevel" integer, ex text)
  ),
  told_users AS (SELECT "userID" AS user_id FROM told),
  so_far AS (
    SELECT m.*, told_users.user_id AS told_user_id, known.members_removed_at, known.created_as_of IS NOT NULL AS born,
      m.user_id IS NOT NULL AND m.left_at IS NULL AS was_in,
      ${recent('m')} AS recent
    FROM ${MEMBERS_SO_FAR}
  ),
  planned AS (
    SELECT told_user_id AS user_id, was_in, recent, born, so_far.user_id IS NULL AS unknown,
      so_far.left_at IS NOT NULL AS had_left,
      (told.nickname <> so_far.nickname OR told."faceURL" <> so_far.face_url OR told.ex <> so_far.ex
        OR told."roleLevel" <> nullif(so_far.role_level, 0)) IS TRUE AS overwrites,
      (so_far.user_id IS NULL OR (
        coalesce(told.nickname, so_far.nickname), coalesce(told."faceURL", so_far.face_url), coalesce(told.ex, so_far.ex),
        coalesce(told."roleLevel", so_far.role_level)
      ) IS DISTINCT FROM (so_far.nickname, so_far.face_url, so_far.ex, so_far.role_level)) AS differs,
      coalesce(told."roleLevel", CASE WHEN was_in OR recent THEN so_far.role_level END, 0) AS role_level,
      CASE WHEN recent THEN so_far.left_at ELSE members_removed_at END AS left_at,
      CASE WHEN recent THEN so_far.left_cause WHEN members_removed_at IS NOT NULL THEN 'dismissed' END AS left_cause,
      CASE WHEN recent THEN so_far.left_reason END AS left_reason,
      coalesce(told.nickname, so_far.nickname) AS nickname,
      coalesce(told."faceURL", so_far.face_url) AS face_url,
      coalesce(told.ex, so_far.ex) AS ex,
      so_far.join_source, so_far.inviter_user_id, so_far.join_time, so_far.mute_end_time
    FROM so_far, told
  ),
  effect AS (
    SELECT count(*) FILTER (WHERE NOT was_in AND left_at IS NULL) AS delta,
      count(*) > 0 AS touched,
      coalesce(bool_or(differs OR (had_left AND left_at IS NULL)), false) AS changed,
      CASE
        WHEN bool_or(recent AND (overwrites OR had_left)) THEN '${STALE.order}'
        WHEN bool_or(born AND (unknown OR had_left)) THEN '${STALE.member}'
      END AS stale
    FROM planned
  ),
  ${writtenGroup()},
  ${WRITTEN_MEMBERS},
  ${andLog('SELECT changed FROM effect')}`;

import { andLogDelivery } from '../../deliveries/delivery-log.js';
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

/** New values of a member's fields; null: the field did not change. */
export interface MemberInfoPatch {
  userID: string;
  nickname: string | null;
  faceURL: string | null;
  roleLevel: number | null;
  ex: string | null;
}

/**
 * Sets fields of a member. OpenIM changes members only, so the user is one: a user who left becomes a member again, unless a recent
 * callback reported the leave; then the change was before it.
 */
export const SET_GROUP_MEMBER_INFO: PreparedStatement = {
  name: 'setGroupMemberInfo',
  text: `
  WITH ${KNOWN_AND_CHANGE},
  payload AS (
    SELECT * FROM json_to_record($2::json) AS t("userID" text, nickname text, "faceURL" text, "roleLevel" integer, ex text)
  ),
  affected_users AS (SELECT "userID" AS user_id FROM payload),
  before AS (
    SELECT m.*, affected_users.user_id AS affected_user_id, ${REMOVED_AT} AS removed_at,
      known.created_as_of IS NOT NULL AS is_created,
      ${OLD_COLUMNS},
      ${isRecent('m')} AS is_recent
    FROM ${AFFECTED_MEMBERS}
  ),
  planned AS (
    SELECT affected_user_id AS user_id, is_recent, is_created, ${OLD_NAMES},
      before.left_at IS NOT NULL AS had_left,
      (payload.nickname <> before.nickname OR payload."faceURL" <> before.face_url OR payload.ex <> before.ex
        OR payload."roleLevel" <> nullif(before.role_level, 0)) IS TRUE AS overwrites,
      (before.user_id IS NULL OR (
        coalesce(payload.nickname, before.nickname), coalesce(payload."faceURL", before.face_url),
        coalesce(payload.ex, before.ex), coalesce(payload."roleLevel", before.role_level)
      ) IS DISTINCT FROM (before.nickname, before.face_url, before.ex, before.role_level)) AS differs,
      coalesce(payload."roleLevel", CASE WHEN old_is_member OR is_recent THEN before.role_level END, 0) AS role_level,
      CASE WHEN is_recent THEN before.left_at ELSE removed_at END AS left_at,
      CASE WHEN is_recent THEN before.left_cause WHEN removed_at IS NOT NULL THEN 'dismissed' END AS left_cause,
      CASE WHEN is_recent THEN before.left_reason END AS left_reason,
      coalesce(payload.nickname, before.nickname) AS nickname,
      coalesce(payload."faceURL", before.face_url) AS face_url,
      coalesce(payload.ex, before.ex) AS ex,
      before.join_source, before.inviter_user_id, before.join_time, before.mute_end_time
    FROM before, payload
  ),
  ${memberChanges()},
  effect AS (
    SELECT count(*) FILTER (WHERE NOT old_is_member AND left_at IS NULL) AS delta,
      count(*) > 0 AS touched,
      coalesce(bool_or(differs OR (had_left AND left_at IS NULL)), false) AS changed,
      CASE
        WHEN bool_or(is_recent AND (overwrites OR had_left)) THEN '${STALE.order}'
        WHEN bool_or(is_created AND (NOT old_exists OR had_left)) THEN '${STALE.member}'
      END AS stale
    FROM planned
  ),
  ${upsertGroup()},
  ${UPSERT_MEMBERS},
  ${endedPeriods()},
  ${recordChange([MEMBER_COUNT])},
  ${andLogDelivery('SELECT changed FROM effect')}`,
};

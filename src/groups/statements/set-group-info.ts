import { andLog } from '../../deliveries/delivery-log.js';
import { BASE, isCurrent, recent, STALE, writtenGroup } from './building-blocks.js';

/** What changed of a group; null: nothing. */
export interface GroupInfo {
  groupName: string | null;
  notification: string | null;
  introduction: string | null;
  faceURL: string | null;
  ex: string | null;
  needVerification: number | null;
  lookMemberInfo: number | null;
  applyMemberFriend: number | null;
}

const COLUMNS = {
  group_name: '"groupName"',
  notification: 'notification',
  introduction: 'introduction',
  face_url: '"faceURL"',
  ex: 'ex',
  need_verification: '"needVerification"',
  look_member_info: '"lookMemberInfo"',
  apply_member_friend: '"applyMemberFriend"',
};

const any = (test: (column: string, told: string) => string): string =>
  Object.entries(COLUMNS)
    .map(([column, told]) => test(`known.${column}`, `told.${told}`))
    .join(' OR ');

/** What is told, and no more: who changed an announcement and when OpenIM does not say. */
export const SET_GROUP_INFO = `
  WITH ${BASE},
  told AS (
    SELECT * FROM json_to_record($2::json) AS t(
      "groupName" text, notification text, introduction text, "faceURL" text, ex text,
      "needVerification" integer, "lookMemberInfo" integer, "applyMemberFriend" integer
    )
  ),
  effect AS (
    SELECT 0 AS delta,
      true AS touched,
      (known.group_id IS NULL OR ${any((column, told) => `(${told} IS NOT NULL AND ${told} IS DISTINCT FROM ${column})`)}) AS changed,
      CASE WHEN ${recent('known')} AND (${any((column, told) => `${told} <> ${column}`)}) THEN '${STALE.order}' END AS stale
    FROM moment, told LEFT JOIN known ON true
    WHERE known.as_of IS NULL OR ${isCurrent('known.as_of')} OR ${any((column, told) => `(${told} IS NOT NULL AND ${column} IS NULL)`)}
  ),
  ${writtenGroup(Object.fromEntries(Object.entries(COLUMNS).map(([column, told]) => [column, `told.${told}`])))},
  ${andLog('SELECT coalesce(bool_or(changed), false) AS changed FROM effect')}`;

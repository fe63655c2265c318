import { andLogDelivery } from '../../deliveries/delivery-log.js';
import type { GroupInfo } from '../../openim/openim-answers.js';
import type { PreparedStatement } from '../../postgres/prepared-statement.js';
import { callbackOverwrites } from './as-of.js';
import { isRecent, KNOWN_AND_CHANGE, upsertGroup } from './building-blocks.js';
import { GROUP_INFO_FIELDS, record } from './fields.js';
import { STALE } from './stale.js';

/** New values of a group's fields; null: the field did not change. */
export type GroupInfoPatch = {
  [
    Name in
      | 'groupName'
      | 'notification'
      | 'introduction'
      | 'faceURL'
      | 'ex'
      | 'needVerification'
      | 'lookMemberInfo'
      | 'applyMemberFriend'
  ]: GroupInfo[Name] | null;
};

const anyField = (test: (column: string, payload: string) => string): string =>
  GROUP_INFO_FIELDS.map(({ column, json }) => test(`known.${column}`, `payload.${json}`)).join(' OR ');

/** Sets the fields that the callback reports. OpenIM does not report who changed an announcement, and when. */
export const SET_GROUP_INFO: PreparedStatement = {
  name: 'setGroupInfo',
  text: `
  WITH ${KNOWN_AND_CHANGE},
  payload AS (SELECT * FROM json_to_record($2::json) AS t(${record(GROUP_INFO_FIELDS)})),
  effect AS (
    SELECT 0 AS delta,
      true AS touched,
      (known.group_id IS NULL OR ${anyField((column, value) => `(${value} IS NOT NULL AND ${value} IS DISTINCT FROM ${column})`)})
        AS changed,
      CASE WHEN ${isRecent('known')} AND (${anyField((column, value) => `${value} <> ${column}`)}) THEN '${STALE.order}' END AS stale
    FROM change, payload LEFT JOIN known ON true
    WHERE known.as_of IS NULL OR ${callbackOverwrites('known.as_of', 'change.as_of')}
      OR ${anyField((column, value) => `(${value} IS NOT NULL AND ${column} IS NULL)`)}
  ),
  ${upsertGroup(Object.fromEntries(GROUP_INFO_FIELDS.map(({ column, json }) => [column, `payload.${json}`])))},
  ${andLogDelivery('SELECT coalesce(bool_or(changed), false) AS changed FROM effect')}`,
};

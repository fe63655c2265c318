import { andLogDelivery } from '../../deliveries/delivery-log.js';
import type { GroupInfo } from '../../openim/openim-answers.js';
import type { PreparedStatement } from '../../postgres/prepared-statement.js';
import { callbackOverwrites } from './as-of.js';
import { isRecent, KNOWN_AND_CHANGE, mergeColumns, upsertGroup } from './building-blocks.js';
import { GROUP_INFO_FIELDS, recordType } from './fields.js';
import { NO_MEMBER_CHANGES } from './member-changes.js';
import { recordChange } from './record-change.js';
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

/** Why the group needs reconciling afterwards: another callback reported a field recently, and otherwise. */
export const STALE_BY_ORDER = `CASE WHEN ${isRecent('known')} AND (${GROUP_INFO_FIELDS.map(
  ({ column, json }) => `payload.${json} <> known.${column}`,
).join(' OR ')}) THEN '${STALE.order}' END`;

/** Sets the fields that the callback reports. OpenIM does not report who changed an announcement, and when. */
export const SET_GROUP_INFO: PreparedStatement = {
  name: 'setGroupInfo',
  text: `
  WITH ${KNOWN_AND_CHANGE},
  payload AS (SELECT * FROM json_to_record($2::json) AS t(${recordType(GROUP_INFO_FIELDS)})),
  ${NO_MEMBER_CHANGES},
  ${mergeColumns(Object.fromEntries(GROUP_INFO_FIELDS.map(({ column, json }) => [column, `payload.${json}`])))},
  effect AS (
    SELECT 0 AS delta,
      true AS touched,
      known.group_id IS NULL OR merged.differs AS changed,
      ${STALE_BY_ORDER} AS stale
    FROM change, payload, merged LEFT JOIN known ON true
    WHERE known.as_of IS NULL OR ${callbackOverwrites('known.as_of', 'change.as_of')}
      OR merged.differs
  ),
  ${upsertGroup(GROUP_INFO_FIELDS.map(({ column }) => column))},
  ${recordChange(GROUP_INFO_FIELDS)},
  ${andLogDelivery('SELECT coalesce(bool_or(changed), false) AS changed FROM effect')}`,
};

import { andLogDelivery } from '../../deliveries/delivery-log.js';
import { RoleLevel } from '../../openim/constants.js';
import type { PreparedStatement } from '../../postgres/prepared-statement.js';
import {
  AFFECTED_MEMBERS,
  isRecent,
  KNOWN_AND_CHANGE,
  mergeColumns,
  REMOVED_AT,
  UNCHANGED_COLUMNS,
  UPSERT_MEMBERS,
  upsertGroup,
} from './building-blocks.js';
import { endedPeriods, memberChanges, OLD_COLUMNS } from './member-changes.js';
import { MEMBER_COUNT, OWNER, recordChange } from './record-change.js';
import { STALE } from './stale.js';

/** The transfer of a group to another owner. */
export interface OwnerTransfer {
  oldOwnerUserID: string;
  newOwnerUserID: string;
}

/**
 * Swaps the roles of the two (pkg/common/storage/controller/group.go, TransferGroupOwner). Where the former role of the new owner is not
 * known, the old owner becomes an ordinary member, and so does each other member with the role of the owner. A user who left recently
 * stays away.
 */
export const TRANSFER_GROUP_OWNER: PreparedStatement = {
  name: 'transferGroupOwner',
  text: `
  WITH ${KNOWN_AND_CHANGE},
  payload AS (SELECT * FROM json_to_record($2::json) AS t("oldOwnerUserID" text, "newOwnerUserID" text)),
  affected_users AS (
    SELECT "newOwnerUserID" AS user_id FROM payload
    UNION SELECT "oldOwnerUserID" FROM payload
    UNION SELECT user_id FROM group_members WHERE group_id = $1 AND role_level = ${RoleLevel.Owner}
  ),
  new_owner AS (
    SELECT nullif(max(m.role_level), 0) AS former_role_level
    FROM payload JOIN group_members m ON m.group_id = $1 AND m.user_id = payload."newOwnerUserID"
  ),
  planned AS (
    SELECT affected_users.user_id,
      ${OLD_COLUMNS},
      m.left_at IS NOT NULL AS had_left,
      ${isRecent('m')} AS is_recent,
      CASE
        WHEN affected_users.user_id = payload."newOwnerUserID" THEN ${RoleLevel.Owner}
        WHEN affected_users.user_id = payload."oldOwnerUserID" AND new_owner.former_role_level = ${RoleLevel.Owner} THEN
          CASE
            WHEN coalesce(m.role_level, 0) IN (0, ${RoleLevel.Owner}) THEN ${RoleLevel.Ordinary}
            ELSE m.role_level
          END
        WHEN affected_users.user_id = payload."oldOwnerUserID" THEN coalesce(new_owner.former_role_level, ${RoleLevel.Ordinary})
        ELSE ${RoleLevel.Ordinary}
      END AS role_level,
      CASE WHEN ${isRecent('m')} THEN m.left_at ELSE ${REMOVED_AT} END AS left_at,
      CASE WHEN ${isRecent('m')} THEN m.left_cause WHEN known.members_removed_at IS NOT NULL THEN 'dismissed' END AS left_cause,
      CASE WHEN ${isRecent('m')} THEN m.left_reason END AS left_reason,
      ${UNCHANGED_COLUMNS}
    FROM payload, new_owner, ${AFFECTED_MEMBERS}
  ),
  ${memberChanges()},
  ${mergeColumns({ [OWNER.column]: 'payload."newOwnerUserID"' })},
  effect AS (
    SELECT count(*) FILTER (WHERE NOT old_is_member AND left_at IS NULL) AS delta,
      count(*) > 0 AS touched,
      coalesce(bool_or(NOT old_exists OR role_level <> old_role_level), false) AS changed,
      CASE
        WHEN bool_or(is_recent AND (had_left OR role_level <> nullif(old_role_level, 0))) THEN '${STALE.order}'
        WHEN EXISTS (SELECT FROM known, payload WHERE owner_user_id NOT IN ("oldOwnerUserID", "newOwnerUserID")) THEN '${STALE.order}'
        WHEN (SELECT former_role_level FROM new_owner) IS NULL THEN '${STALE.role}'
        WHEN bool_or(NOT old_exists OR had_left) AND EXISTS (SELECT FROM known WHERE created_as_of IS NOT NULL) THEN '${STALE.member}'
      END AS stale
    FROM planned
  ),
  ${upsertGroup([OWNER.column])},
  ${UPSERT_MEMBERS},
  ${endedPeriods()},
  ${recordChange([OWNER, MEMBER_COUNT])},
  ${andLogDelivery('SELECT changed FROM effect')}`,
};

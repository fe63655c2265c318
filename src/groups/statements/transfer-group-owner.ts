import { andLog } from '../../deliveries/delivery-log.js';
import { RoleLevel } from '../../openim/constants.js';
import {
  BASE,
  KEPT,
  MEMBERS_SO_FAR,
  recent,
  STALE,
  WRITTEN_MEMBERS,
  writtenGroup,
} from './building-blocks.js';

/** A group has another owner. */
export interface OwnerTransfer {
  oldOwnerUserID: string;
  newOwnerUserID: string;
}

/**
 * The two swap roles (pkg/common/storage/controller/group.go, TransferGroupOwner). Where the role that the new owner had is
 * not known, the old owner becomes an ordinary member. Whoever else is held for the owner is one no more. Who left a moment
 * ago stays away.
 */
export const TRANSFER_GROUP_OWNER = `
  WITH ${BASE},
  told AS (SELECT * FROM json_to_record($2::json) AS t("oldOwnerUserID" text, "newOwnerUserID" text)),
  told_users AS (
    SELECT "newOwnerUserID" AS user_id FROM told
    UNION SELECT "oldOwnerUserID" FROM told
    UNION SELECT user_id FROM group_members WHERE group_id = $1 AND role_level = ${RoleLevel.Owner}
  ),
  former AS (
    SELECT nullif(max(m.role_level), 0) AS role_level
    FROM told JOIN group_members m ON m.group_id = $1 AND m.user_id = told."newOwnerUserID"
  ),
  planned AS (
    SELECT told_users.user_id,
      m.user_id IS NULL AS unknown,
      m.user_id IS NOT NULL AND m.left_at IS NULL AS was_in,
      m.left_at IS NOT NULL AS had_left,
      ${recent('m')} AS recent,
      m.role_level AS role_before,
      CASE
        WHEN told_users.user_id = told."newOwnerUserID" THEN ${RoleLevel.Owner}
        WHEN told_users.user_id = told."oldOwnerUserID" AND former.role_level = ${RoleLevel.Owner} THEN
          CASE
            WHEN coalesce(m.role_level, 0) IN (0, ${RoleLevel.Owner}) THEN ${RoleLevel.Ordinary}
            ELSE m.role_level
          END
        WHEN told_users.user_id = told."oldOwnerUserID" THEN coalesce(former.role_level, ${RoleLevel.Ordinary})
        ELSE ${RoleLevel.Ordinary}
      END AS role_level,
      CASE WHEN ${recent('m')} THEN m.left_at ELSE known.members_removed_at END AS left_at,
      CASE WHEN ${recent('m')} THEN m.left_cause WHEN known.members_removed_at IS NOT NULL THEN 'dismissed' END AS left_cause,
      CASE WHEN ${recent('m')} THEN m.left_reason END AS left_reason,
      ${KEPT}
    FROM told, former, ${MEMBERS_SO_FAR}
  ),
  effect AS (
    SELECT count(*) FILTER (WHERE NOT was_in AND left_at IS NULL) AS delta,
      count(*) > 0 AS touched,
      coalesce(bool_or(unknown OR role_level <> role_before), false) AS changed,
      CASE
        WHEN bool_or(recent AND (had_left OR role_level <> nullif(role_before, 0))) THEN '${STALE.order}'
        WHEN EXISTS (SELECT FROM known, told WHERE owner_user_id NOT IN ("oldOwnerUserID", "newOwnerUserID")) THEN '${STALE.order}'
        WHEN (SELECT role_level FROM former) IS NULL THEN '${STALE.role}'
        WHEN bool_or(unknown OR had_left) AND EXISTS (SELECT FROM known WHERE created_as_of IS NOT NULL) THEN '${STALE.member}'
      END AS stale
    FROM planned
  ),
  ${writtenGroup({ owner_user_id: 'told."newOwnerUserID"' })},
  ${WRITTEN_MEMBERS},
  ${andLog('SELECT changed FROM effect')}`;

import { andLog } from '../../deliveries/delivery-log.js';
import { DISMISSED } from '../../openim/constants.js';
import {
  BASE,
  isCurrent,
  KEPT,
  MEMBERS_SO_FAR,
  STALE,
  WRITTEN_MEMBERS,
  writtenGroup,
} from './building-blocks.js';

/** A group is dismissed. */
export interface GroupDismissal {
  /** Who is in the group after it: nobody where the members were deleted with it; null where that is not told. */
  membersID: string[] | null;
}

/**
 * Status 2. Where its members were deleted with it, they have left, and so has everybody that a late callback still tells of.
 */
export const DISMISS_GROUP = `
  WITH ${BASE},
  told AS (
    SELECT *, coalesce(json_array_length("membersID") = 0, false) AS emptied
    FROM json_to_record($2::json) AS t("membersID" json)
  ),
  told_users AS (
    SELECT user_id FROM group_members, told WHERE told.emptied AND group_id = $1 AND left_at IS NULL
  ),
  planned AS (
    SELECT told_users.user_id, m.role_level, moment.as_of AS left_at, 'dismissed' AS left_cause, NULL AS left_reason, ${KEPT}
    FROM ${MEMBERS_SO_FAR}
  ),
  in_group AS (SELECT user_id FROM group_members WHERE group_id = $1 AND left_at IS NULL),
  kept AS (SELECT DISTINCT json_array_elements_text("membersID") AS user_id FROM told WHERE NOT emptied),
  effect AS (
    SELECT CASE WHEN told.emptied THEN -coalesce(known.member_count, 0) ELSE 0 END AS delta,
      true AS touched,
      known.status IS DISTINCT FROM ${DISMISSED} OR (told.emptied AND known.members_removed_at IS NULL) AS changed,
      CASE WHEN NOT told.emptied AND "membersID" IS NOT NULL AND known.created_as_of IS NOT NULL AND EXISTS (
          (TABLE kept EXCEPT TABLE in_group) UNION ALL (TABLE in_group EXCEPT TABLE kept)
        ) THEN '${STALE.member}' END AS stale
    FROM moment, told LEFT JOIN known ON true
    WHERE known.as_of IS NULL OR ${isCurrent('known.as_of')}
      OR known.status IS DISTINCT FROM ${DISMISSED} OR (told.emptied AND known.members_removed_at IS NULL)
  ),
  ${writtenGroup({ status: String(DISMISSED), members_removed_at: 'CASE WHEN told.emptied THEN coalesce((SELECT members_removed_at FROM known), moment.as_of) END' })},
  ${WRITTEN_MEMBERS},
  ${andLog('SELECT coalesce(bool_or(changed), false) AS changed FROM effect')}`;

import { andLogDelivery } from '../../deliveries/delivery-log.js';
import { DISMISSED } from '../../openim/constants.js';
import type { PreparedStatement } from '../../postgres/prepared-statement.js';
import { callbackOverwrites } from './as-of.js';
import {
  KNOWN_AND_CHANGE,
  mergeColumns,
  UNCHANGED_COLUMNS,
  UPSERT_MEMBERS,
  upsertGroup,
} from './building-blocks.js';
import { endedPeriods, memberChanges, OLD_COLUMNS } from './member-changes.js';
import { MEMBER_COUNT, recordChange, STATUS } from './record-change.js';
import { STALE } from './stale.js';

/** The dismissal of a group. */
export interface GroupDismissal {
  /** The members afterwards: none where OpenIM deleted them with the group; null where the callback does not report them. */
  membersID: string[] | null;
}

/**
 * Sets status 2. Where OpenIM deleted the members with the group, they leave, and so does each user whom a late callback adds.
 */
export const DISMISS_GROUP: PreparedStatement = {
  name: 'dismissGroup',
  text: `
  WITH ${KNOWN_AND_CHANGE},
  payload AS (
    SELECT *, coalesce(json_array_length("membersID") = 0, false) AS removes_members
    FROM json_to_record($2::json) AS t("membersID" json)
  ),
  planned AS (
    SELECT m.user_id, m.role_level, change.as_of AS left_at, 'dismissed' AS left_cause, NULL AS left_reason,
      ${OLD_COLUMNS},
      ${UNCHANGED_COLUMNS}
    FROM change, payload, group_members m
    WHERE payload.removes_members AND m.group_id = $1 AND m.left_at IS NULL AND ${callbackOverwrites('m.as_of', 'change.as_of')}
  ),
  ${memberChanges([])},
  current_members AS (SELECT user_id FROM group_members WHERE group_id = $1 AND left_at IS NULL),
  reported_members AS (
    SELECT DISTINCT json_array_elements_text("membersID") AS user_id FROM payload WHERE NOT removes_members
  ),
  effect AS (
    SELECT CASE WHEN payload.removes_members THEN -coalesce(known.member_count, 0) ELSE 0 END AS delta,
      true AS touched,
      known.status IS DISTINCT FROM ${DISMISSED} OR (payload.removes_members AND known.members_removed_at IS NULL) AS changed,
      CASE WHEN NOT payload.removes_members AND "membersID" IS NOT NULL AND known.created_as_of IS NOT NULL AND EXISTS (
          (TABLE reported_members EXCEPT TABLE current_members) UNION ALL (TABLE current_members EXCEPT TABLE reported_members)
        ) THEN '${STALE.member}' END AS stale
    FROM change, payload LEFT JOIN known ON true
    WHERE known.as_of IS NULL OR ${callbackOverwrites('known.as_of', 'change.as_of')}
      OR known.status IS DISTINCT FROM ${DISMISSED} OR (payload.removes_members AND known.members_removed_at IS NULL)
  ),
  ${mergeColumns({
    status: String(DISMISSED),
    members_removed_at:
      'CASE WHEN payload.removes_members THEN coalesce(known.members_removed_at, change.as_of) END',
  })},
  ${upsertGroup(['status', 'members_removed_at'])},
  ${UPSERT_MEMBERS},
  ${endedPeriods()},
  ${recordChange([STATUS, MEMBER_COUNT])},
  ${andLogDelivery('SELECT coalesce(bool_or(changed), false) AS changed FROM effect')}`,
};

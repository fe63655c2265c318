import { andLogDelivery } from '../../deliveries/delivery-log.js';
import type { PreparedStatement } from '../../postgres/prepared-statement.js';
import {
  AFFECTED_MEMBERS,
  isRecent,
  KNOWN_AND_CHANGE,
  UNCHANGED_COLUMNS,
  UPSERT_MEMBERS,
  upsertGroup,
} from './building-blocks.js';
import { endedPeriods, memberChanges, OLD_COLUMNS } from './member-changes.js';
import { MEMBER_COUNT, recordChange } from './record-change.js';
import { STALE } from './stale.js';

/** Users who left a group. */
export interface MembersLeft {
  /** Each once. */
  userIDs: string[];
  cause: 'quit' | 'kicked';
  /** The reason that the user gave who removed them; "" for none. */
  reason: string;
}

/**
 * Ends memberships. A user who left already keeps the first cause. A user without a row gets one, so that a late creation does not add
 * the user again.
 */
export const LEAVE_GROUP: PreparedStatement = {
  name: 'leaveGroup',
  text: `
  WITH ${KNOWN_AND_CHANGE},
  payload AS (SELECT * FROM json_to_record($2::json) AS t("userIDs" json, cause text, reason text)),
  affected_users AS (SELECT json_array_elements_text(payload."userIDs") AS user_id FROM payload),
  planned AS (
    SELECT affected_users.user_id,
      ${OLD_COLUMNS},
      ${isRecent('m')} AS is_recent,
      coalesce(m.role_level, 0) AS role_level,
      coalesce(m.left_at, change.as_of) AS left_at,
      CASE WHEN m.left_at IS NULL THEN (SELECT cause FROM payload) ELSE m.left_cause END AS left_cause,
      CASE WHEN m.left_at IS NULL THEN (SELECT reason FROM payload) ELSE m.left_reason END AS left_reason,
      ${UNCHANGED_COLUMNS}
    FROM ${AFFECTED_MEMBERS}
  ),
  ${memberChanges([])},
  effect AS (
    SELECT -count(*) FILTER (WHERE old_is_member) AS delta,
      count(*) > 0 AS touched,
      coalesce(bool_or(old_is_member OR NOT old_exists), false) AS changed,
      CASE
        WHEN bool_or(old_is_member AND is_recent) THEN '${STALE.order}'
        WHEN NOT bool_and(old_exists) AND EXISTS (SELECT FROM known WHERE created_as_of IS NOT NULL) THEN '${STALE.member}'
      END AS stale
    FROM planned
  ),
  ${upsertGroup()},
  ${UPSERT_MEMBERS},
  ${endedPeriods()},
  ${recordChange([MEMBER_COUNT])},
  ${andLogDelivery('SELECT changed FROM effect')}`,
};

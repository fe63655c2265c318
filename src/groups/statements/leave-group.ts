import { andLog } from '../../deliveries/delivery-log.js';
import {
  BASE,
  KEPT,
  MEMBERS_SO_FAR,
  recent,
  STALE,
  WRITTEN_MEMBERS,
  writtenGroup,
} from './building-blocks.js';

/** Users who are in a group no more. */
export interface MembersLeft {
  userIDs: string[];
  how: 'quit' | 'kicked';
  /** The words of who kicked them; "" if none. */
  reason: string;
}

/**
 * Who left already stays as told first. A user who was never seen leaves a row, so that a late creation does not bring the user
 * back.
 */
export const LEAVE_GROUP = `
  WITH ${BASE},
  told AS (SELECT * FROM json_to_record($2::json) AS t("userIDs" json, how text, reason text)),
  told_users AS (SELECT DISTINCT json_array_elements_text(told."userIDs") AS user_id FROM told),
  planned AS (
    SELECT told_users.user_id,
      m.user_id IS NULL AS unknown,
      m.user_id IS NOT NULL AND m.left_at IS NULL AS was_in,
      ${recent('m')} AS recent,
      coalesce(m.role_level, 0) AS role_level,
      coalesce(m.left_at, moment.as_of) AS left_at,
      CASE WHEN m.left_at IS NULL THEN (SELECT how FROM told) ELSE m.left_cause END AS left_cause,
      CASE WHEN m.left_at IS NULL THEN (SELECT reason FROM told) ELSE m.left_reason END AS left_reason,
      ${KEPT}
    FROM ${MEMBERS_SO_FAR}
  ),
  effect AS (
    SELECT -count(*) FILTER (WHERE was_in) AS delta,
      count(*) > 0 AS touched,
      coalesce(bool_or(was_in OR unknown), false) AS changed,
      CASE
        WHEN bool_or(was_in AND recent) THEN '${STALE.order}'
        WHEN bool_or(unknown) AND EXISTS (SELECT FROM known WHERE created_as_of IS NOT NULL) THEN '${STALE.member}'
      END AS stale
    FROM planned
  ),
  ${writtenGroup()},
  ${WRITTEN_MEMBERS},
  ${andLog('SELECT changed FROM effect')}`;

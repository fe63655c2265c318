import { andLogDelivery } from '../../deliveries/delivery-log.js';
import type { PreparedStatement } from '../../postgres/prepared-statement.js';
import { setStale, STALE } from './stale.js';

/** A change of a user's name or picture. Groups show both of members that have none of their own. */
export interface UserChange {
  userID: string;
}

/** Groups marked in one transaction, which takes some ms. */
export const BATCH_GROUPS = 200;

const SET_STALE = setStale(`'${STALE.profile}'`);

/** Whether a group was neither marked nor read from OpenIM since the user changed. */
const isDue = (asOf: string): string => `
  coalesce(g.verified_at <= ${asOf}, true) AND (g.stale_since IS NULL OR coalesce(g.last_callback_at < ${asOf}, true))`;

/** Reads a batch of the groups of user $1 after group $2, and PostgreSQL's clock. */
export const LIST_GROUPS_OF_USER: PreparedStatement = {
  name: 'listGroupsOfUser',
  text: `
  SELECT clock_timestamp() AS now, ARRAY(
    SELECT group_id FROM group_members WHERE user_id = $1 AND left_at IS NULL AND group_id > $2 ORDER BY group_id
    LIMIT ${BATCH_GROUPS}
  ) AS "groupIDs"`,
};

/**
 * Marks groups $1 for a change of a user as of $2, and returns those whose rows other sessions have locked. It locks rows in the order of
 * their key and waits for none, so that nobody waits for it longer than a batch takes.
 */
export const MARK_GROUPS: PreparedStatement = {
  name: 'markGroups',
  text: `
  WITH due AS MATERIALIZED (
    SELECT g.group_id FROM groups g WHERE g.group_id = ANY ($1::text[]) AND ${isDue('$2::timestamptz')}
  ),
  free AS MATERIALIZED (
    SELECT g.group_id FROM groups g WHERE g.group_id = ANY (ARRAY(SELECT group_id FROM due)) ORDER BY g.group_id
    FOR NO KEY UPDATE SKIP LOCKED
  ),
  marked AS (
    UPDATE groups g SET ${SET_STALE} WHERE g.group_id = ANY (ARRAY(SELECT group_id FROM free))
  )
  SELECT group_id AS "groupID" FROM due EXCEPT SELECT group_id FROM free ORDER BY 1`,
};

/** Marks group $1 for a change of a user as of $2, and waits for its row. */
export const MARK_GROUP: PreparedStatement = {
  name: 'markGroup',
  text: `
  UPDATE groups g SET ${SET_STALE} WHERE g.group_id = $1 AND ${isDue('$2::timestamptz')}`,
};

/** Logs the callback about user $1. $2: whether the user is in a group. */
export const LOG_USER_CHANGE: PreparedStatement = {
  name: 'logUserChange',
  text: `
  WITH payload AS (SELECT $1::text AS user_id),
  ${andLogDelivery('SELECT $2::boolean AS changed FROM payload')}`,
};

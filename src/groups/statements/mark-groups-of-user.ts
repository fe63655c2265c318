import { andLog } from '../../deliveries/delivery-log.js';
import { markedStale, STALE } from './building-blocks.js';

/** The name or the picture of a user changed. Groups show them of members that have none of their own. */
export interface UserChange {
  userID: string;
}

/** How many groups are marked in one transaction, which takes some ms. */
export const PIECE = 200;

const MARK = markedStale(`'${STALE.profile}'`);

/** Whether a group was neither marked nor read from OpenIM since the user changed, as of $3. */
const isDue = (asOf: string): string => `
  coalesce(g.verified_at <= ${asOf}, true) AND (g.stale_since IS NULL OR coalesce(g.last_callback_at < ${asOf}, true))`;

/** A piece of the groups that user $1 is in: those after group $2, and the moment to mark them as of, PostgreSQL's now. */
export const GROUPS_OF_USER = `
  SELECT clock_timestamp() AS now, ARRAY(
    SELECT group_id FROM group_members WHERE user_id = $1 AND left_at IS NULL AND group_id > $2 ORDER BY group_id LIMIT ${PIECE}
  ) AS "groupIDs"`;

/**
 * Marks groups $1 for a change of a user as of $2. Rows are locked in the order of their key, and those that others hold are passed over
 * and returned: nobody waits for longer than a piece takes, and no two writers for each other.
 */
export const MARK_GROUPS = `
  WITH due AS MATERIALIZED (
    SELECT g.group_id FROM groups g WHERE g.group_id = ANY ($1::text[]) AND ${isDue('$2::timestamptz')}
  ),
  free AS MATERIALIZED (
    SELECT g.group_id FROM groups g WHERE g.group_id = ANY (ARRAY(SELECT group_id FROM due)) ORDER BY g.group_id
    FOR NO KEY UPDATE SKIP LOCKED
  ),
  marked AS (
    UPDATE groups g SET ${MARK} WHERE g.group_id = ANY (ARRAY(SELECT group_id FROM free))
  )
  SELECT group_id AS "groupID" FROM due EXCEPT SELECT group_id FROM free ORDER BY 1`;

/** Marks group $1 for a change of a user as of $2, and waits for its row. */
export const MARK_GROUP = `UPDATE groups g SET ${MARK} WHERE g.group_id = $1 AND ${isDue('$2::timestamptz')}`;

/** Logs the callback of user $1. $2: whether the user is in a group. */
export const LOG_USER_CHANGE = `
  WITH told AS (SELECT $1::text AS user_id),
  ${andLog('SELECT $2::boolean AS changed FROM told')}`;

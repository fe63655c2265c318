import { DISMISSED } from '../../openim/constants.js';
import type { PreparedStatement } from '../../postgres/prepared-statement.js';
import { atRepeatableRead } from './building-blocks.js';
import { STALE } from './stale.js';

/**
 * Marks group $1 dismissed and ends its memberships, where OpenIM did not have it at the last request. OpenIM deletes no group: somebody
 * deleted its rows, or a backup was restored. The drift that it writes appears in the timeline.
 */
export const END_ABSENT_GROUP: PreparedStatement = {
  name: 'endAbsentGroup',
  text: `
  WITH change AS (SELECT ${atRepeatableRead('clock_timestamp()')} AS as_of),
  ended_group AS (
    UPDATE groups g SET
      status = ${DISMISSED}, member_count = 0, members_removed_at = coalesce(g.members_removed_at, change.as_of),
      as_of = change.as_of, synced_at = now(), stale_since = NULL, stale_reason = NULL, version_id = NULL, version = NULL
    FROM change WHERE g.group_id = $1 AND g.stale_reason = '${STALE.absent}'
    RETURNING g.group_id
  ),
  ended_members AS (
    UPDATE group_members m SET
      left_at = change.as_of, left_cause = 'dismissed', left_reason = '${STALE.absent}', as_of = change.as_of, synced_at = now()
    FROM change, ended_group WHERE m.group_id = $1 AND m.left_at IS NULL
  ),
  logged AS (
    INSERT INTO group_drifts (id, group_id, found_at, kind, differences, missed_callbacks, summary)
    SELECT gen_random_uuid(), $1, date_trunc('milliseconds', change.as_of), 'dismissed', 1, 0,
      '${STALE.absent}, and an operator marked it dismissed'
    FROM change, ended_group
  )
  SELECT group_id FROM ended_group`,
};

import { DISMISSED } from '../../openim/constants.js';
import type { PreparedStatement } from '../../postgres/prepared-statement.js';
import { atRepeatableRead } from './building-blocks.js';
import { endedPeriods, memberChanges, OLD_COLUMNS } from './member-changes.js';
import { MEMBER_COUNT, recordChange, STATUS } from './record-change.js';
import { STALE } from './stale.js';

/**
 * Marks group $1 dismissed and ends its memberships, where OpenIM did not have it at the last request. OpenIM deletes no group: somebody
 * deleted its rows, or a backup was restored. The drift in the change appears in the timeline.
 */
export const END_ABSENT_GROUP: PreparedStatement = {
  name: 'endAbsentGroup',
  text: `
  WITH change AS (SELECT ${atRepeatableRead('clock_timestamp()')} AS as_of),
  known AS (SELECT * FROM groups WHERE group_id = $1 AND stale_reason = '${STALE.absent}'),
  planned AS (
    SELECT m.user_id, m.role_level, change.as_of AS left_at, 'dismissed' AS left_cause, ${OLD_COLUMNS}
    FROM change, known JOIN group_members m ON m.group_id = known.group_id WHERE m.left_at IS NULL
  ),
  ${memberChanges([])},
  written_group AS (
    UPDATE groups g SET
      status = ${DISMISSED}, member_count = 0, members_removed_at = coalesce(g.members_removed_at, change.as_of), revision = g.revision + 1,
      as_of = change.as_of, synced_at = now(), stale_since = NULL, stale_reason = NULL, version_id = NULL, version = NULL
    FROM change, known WHERE g.group_id = known.group_id
    RETURNING g.*
  ),
  written_members AS (
    UPDATE group_members m SET
      left_at = change.as_of, left_cause = 'dismissed', left_reason = '${STALE.absent}', as_of = change.as_of, synced_at = now()
    FROM change, written_group WHERE m.group_id = written_group.group_id AND m.left_at IS NULL
  ),
  ${endedPeriods()},
  ${recordChange([STATUS, MEMBER_COUNT], {
    source: "'reconciliation'",
    cause: 'NULL::uuid',
    drift: `jsonb_build_array(jsonb_build_object('kind', 'dismissed', 'differences', 1, 'missedCallbacks', 0,
        'summary', '${STALE.absent}, and an operator marked it dismissed'))`,
  })}
  SELECT group_id FROM written_group`,
};

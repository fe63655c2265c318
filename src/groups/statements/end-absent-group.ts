import { DISMISSED } from '../../openim/constants.js';
import { atRepeatableRead, STALE } from './building-blocks.js';

/**
 * Marks group $1 dismissed, and its members gone with it, where OpenIM did not have it when it was asked last. OpenIM deletes no group:
 * somebody deleted its rows there, or a backup was restored. The timeline tells it.
 */
export const END_ABSENT_GROUP = `
  WITH moment AS (SELECT ${atRepeatableRead('clock_timestamp()')} AS as_of),
  ended AS (
    UPDATE groups g SET
      status = ${DISMISSED}, member_count = 0, members_removed_at = coalesce(g.members_removed_at, moment.as_of), as_of = moment.as_of,
      synced_at = now(), stale_since = NULL, stale_reason = NULL, version_id = NULL, version = NULL
    FROM moment WHERE g.group_id = $1 AND g.stale_reason = '${STALE.absent}'
    RETURNING g.group_id
  ),
  gone AS (
    UPDATE group_members m SET
      left_at = moment.as_of, left_cause = 'dismissed', left_reason = '${STALE.absent}', as_of = moment.as_of, synced_at = now()
    FROM moment, ended WHERE m.group_id = $1 AND m.left_at IS NULL
  ),
  logged AS (
    INSERT INTO group_drifts (id, group_id, found_at, kind, differences, missed_callbacks, summary)
    SELECT gen_random_uuid(), $1, date_trunc('milliseconds', moment.as_of), 'dismissed', 1, 0,
      '${STALE.absent}, and an operator marked it dismissed'
    FROM moment, ended
  )
  SELECT group_id FROM ended`;

-- Generated from end-absent-group.ts by "npm run sql".
WITH change AS (SELECT
    CASE current_setting('transaction_isolation') WHEN 'repeatable read' THEN clock_timestamp()
    ELSE current_setting('openim_group_sync.needs_repeatable_read')::timestamptz END AS as_of),
ended_group AS (
  UPDATE groups g SET
    status = 2, member_count = 0, members_removed_at = coalesce(g.members_removed_at, change.as_of),
    as_of = change.as_of, synced_at = now(), stale_since = NULL, stale_reason = NULL, version_id = NULL, version = NULL
  FROM change WHERE g.group_id = $1 AND g.stale_reason = 'OpenIM does not have it'
  RETURNING g.group_id
),
ended_members AS (
  UPDATE group_members m SET
    left_at = change.as_of, left_cause = 'dismissed', left_reason = 'OpenIM does not have it', as_of = change.as_of, synced_at = now()
  FROM change, ended_group WHERE m.group_id = $1 AND m.left_at IS NULL
),
logged AS (
  INSERT INTO group_drifts (id, group_id, found_at, kind, differences, missed_callbacks, summary)
  SELECT gen_random_uuid(), $1, date_trunc('milliseconds', change.as_of), 'dismissed', 1, 0,
    'OpenIM does not have it, and an operator marked it dismissed'
  FROM change, ended_group
)
SELECT group_id FROM ended_group

-- Generated from end-absent-group.ts by "npm run sql".
WITH change AS (SELECT
    CASE current_setting('transaction_isolation') WHEN 'repeatable read' THEN clock_timestamp()
    ELSE current_setting('openim_group_sync.needs_repeatable_read')::timestamptz END AS as_of),
known AS (SELECT * FROM groups WHERE group_id = $1 AND stale_reason = 'OpenIM does not have it'),
planned AS (
  SELECT m.user_id, m.role_level, change.as_of AS left_at, 'dismissed' AS left_cause, m.user_id IS NOT NULL AS old_exists, m.user_id IS NOT NULL AND m.left_at IS NULL AS old_is_member, m.valid_from AS old_valid_from, m.role_level AS old_role_level, m.nickname AS old_nickname, m.face_url AS old_face_url, m.ex AS old_ex, m.mute_end_time AS old_mute_end_time
  FROM change, known JOIN group_members m ON m.group_id = known.group_id WHERE m.left_at IS NULL
),
member_changes AS (
  SELECT * FROM (
    SELECT *,
      CASE
        WHEN left_at IS NULL AND NOT old_is_member THEN 'joined'
        WHEN left_at IS NOT NULL AND (old_is_member OR NOT old_exists) THEN 'left'
        WHEN left_at IS NULL AND role_level <> old_role_level THEN 'role'
      END AS change_kind
    FROM planned
  ) AS planned_members
  WHERE change_kind IS NOT NULL
),
member_summary AS (
  SELECT count(*) AS changed,
    coalesce(array_agg(DISTINCT change_kind), '{}') AS kinds,
    (SELECT jsonb_agg(jsonb_build_object(
        'userID', user_id,
        'kind', change_kind,
        'roleLevel', role_level,
        'formerRoleLevel', CASE WHEN change_kind = 'role' THEN old_role_level END,
        'cause', CASE WHEN change_kind = 'left' THEN left_cause END
      )) FROM (SELECT * FROM member_changes LIMIT 1000) AS kept_members) AS members
  FROM member_changes
),
written_group AS (
  UPDATE groups g SET
    status = 2, member_count = 0, members_removed_at = coalesce(g.members_removed_at, change.as_of), revision = g.revision + 1,
    as_of = change.as_of, synced_at = now(), stale_since = NULL, stale_reason = NULL, version_id = NULL, version = NULL
  FROM change, known WHERE g.group_id = known.group_id
  RETURNING g.*
),
written_members AS (
  UPDATE group_members m SET
    left_at = change.as_of, left_cause = 'dismissed', left_reason = 'OpenIM does not have it', as_of = change.as_of, synced_at = now()
  FROM change, written_group WHERE m.group_id = written_group.group_id AND m.left_at IS NULL
),
ended_periods AS (
  INSERT INTO group_member_periods (group_id, user_id, role_level, valid_from, valid_to, how)
  SELECT $1, user_id, old_role_level, old_valid_from, change.as_of, CASE change_kind WHEN 'left' THEN left_cause ELSE 'role' END
  FROM change, member_changes
  WHERE old_is_member AND (change_kind = 'left' OR (change_kind = 'role' AND old_role_level <> 0)) AND old_valid_from < change.as_of
  ON CONFLICT DO NOTHING
),
recorded AS (
  INSERT INTO group_changes (group_id, revision, recorded_at, position, kinds, source, cause, as_of, change, drift)
  SELECT $1, written_group.revision, clock_timestamp(), (SELECT position_offset FROM change_feed) + pg_current_xact_id()::text::bigint, array_remove(ARRAY[CASE WHEN known.status IS DISTINCT FROM written_group.status AND written_group.status = 2 THEN 'dismissed'
        WHEN known.status <> written_group.status THEN 'status' END], NULL) || member_summary.kinds,
    'reconciliation', NULL::uuid, change.as_of,
    jsonb_strip_nulls(jsonb_build_object(
      'group', jsonb_build_object(
        'status', CASE WHEN known.status IS DISTINCT FROM written_group.status THEN jsonb_build_array(known.status, written_group.status) END,
        'memberCount', CASE WHEN coalesce(known.member_count, 0) IS DISTINCT FROM written_group.member_count THEN jsonb_build_array(coalesce(known.member_count, 0), written_group.member_count) END
      ),
      'members', member_summary.members,
      'moreMembers', nullif(greatest(member_summary.changed - 1000, 0), 0)
    )), jsonb_build_array(jsonb_build_object('kind', 'dismissed', 'differences', 1, 'missedCallbacks', 0,
      'summary', 'OpenIM does not have it, and an operator marked it dismissed'))
  FROM (SELECT count(*) FROM written_group) AS group_written, written_group LEFT JOIN known ON true CROSS JOIN change CROSS JOIN member_summary
  WHERE written_group.revision > coalesce(known.revision, 0)
)
SELECT group_id FROM written_group

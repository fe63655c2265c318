-- Generated from leave-group.ts by "npm run sql".
WITH
known AS (SELECT * FROM groups WHERE group_id = $1),
change AS (
  SELECT
    CASE current_setting('transaction_isolation') WHEN 'repeatable read' THEN coalesce($3::timestamptz, clock_timestamp())
    ELSE current_setting('openim_group_sync.needs_repeatable_read')::timestamptz END AS as_of
  WHERE $3::timestamptz IS NULL OR NOT EXISTS (SELECT FROM known WHERE verified_at > $3)
),
payload AS (SELECT * FROM json_to_record($2::json) AS t("userIDs" json, cause text, reason text)),
affected_users AS (SELECT json_array_elements_text(payload."userIDs") AS user_id FROM payload),
planned AS (
  SELECT affected_users.user_id,
    m.user_id IS NOT NULL AS old_exists, m.user_id IS NOT NULL AND m.left_at IS NULL AS old_is_member, m.valid_from AS old_valid_from, m.role_level AS old_role_level, m.nickname AS old_nickname, m.face_url AS old_face_url, m.ex AS old_ex, m.mute_end_time AS old_mute_end_time,
    (m.as_of > change.as_of - interval '15 seconds' AND m.as_of IS DISTINCT FROM known.created_as_of) AS is_recent,
    coalesce(m.role_level, 0) AS role_level,
    coalesce(m.left_at, change.as_of) AS left_at,
    CASE WHEN m.left_at IS NULL THEN (SELECT cause FROM payload) ELSE m.left_cause END AS left_cause,
    CASE WHEN m.left_at IS NULL THEN (SELECT reason FROM payload) ELSE m.left_reason END AS left_reason,
    m.nickname, m.face_url, m.ex, m.join_source, m.inviter_user_id, m.join_time, m.mute_end_time
  FROM change
    LEFT JOIN known ON true
    CROSS JOIN affected_users
    LEFT JOIN LATERAL (
      SELECT * FROM group_members WHERE group_id = $1 AND user_id = affected_users.user_id OFFSET 0
    ) AS m ON true
  WHERE (m.as_of IS NULL OR ($3::timestamptz IS NULL OR m.as_of <= change.as_of))
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
effect AS (
  SELECT -count(*) FILTER (WHERE old_is_member) AS delta,
    count(*) > 0 AS touched,
    coalesce(bool_or(old_is_member OR NOT old_exists), false) AS changed,
    CASE
      WHEN bool_or(old_is_member AND is_recent) THEN 'the order of two callbacks is not known'
      WHEN NOT bool_and(old_exists) AND EXISTS (SELECT FROM known WHERE created_as_of IS NOT NULL) THEN 'a member joined or left, and no callback reported it'
    END AS stale
  FROM planned
),
written_group AS (
  INSERT INTO groups (group_id, create_time, member_count, as_of, synced_at, last_callback_at, stale_since, stale_reason, revision)
  SELECT $1, change.as_of,
    greatest(coalesce(known.member_count, 0) + effect.delta, 0),
    coalesce(known.as_of, change.as_of), now(), clock_timestamp(),
    CASE WHEN effect.stale IS NULL AND known.group_id IS NOT NULL THEN known.stale_since ELSE coalesce(known.stale_since, now()) END,
    CASE WHEN (known.stale_reason IS NULL OR known.stale_reason = 'its creation was not received') THEN coalesce(effect.stale, CASE WHEN known.group_id IS NULL THEN 'its creation was not received' ELSE known.stale_reason END) ELSE known.stale_reason END,
    coalesce(known.revision, 0) + ((SELECT changed > 0 FROM member_summary) OR false)::integer
  FROM change CROSS JOIN effect LEFT JOIN known ON true
  WHERE effect.touched
  ON CONFLICT (group_id) DO UPDATE SET
    member_count = excluded.member_count, as_of = excluded.as_of, synced_at = excluded.synced_at, last_callback_at = excluded.last_callback_at, stale_since = excluded.stale_since, stale_reason = excluded.stale_reason, revision = excluded.revision
  RETURNING *
),
written_members AS (
  INSERT INTO group_members AS m (group_id, user_id, role_level, left_at, left_cause, left_reason, nickname, face_url, ex, join_source, inviter_user_id, join_time, mute_end_time, valid_from, as_of, synced_at)
  SELECT $1, user_id, planned.role_level, planned.left_at, planned.left_cause, planned.left_reason, planned.nickname, planned.face_url, planned.ex, planned.join_source, planned.inviter_user_id, planned.join_time, planned.mute_end_time, CASE WHEN old_exists AND (planned.left_at IS NOT NULL OR (old_is_member AND (planned.role_level = old_role_level OR old_role_level = 0)))
      THEN old_valid_from ELSE change.as_of END, change.as_of, now()
  FROM (SELECT count(*) FROM written_group) AS group_done, change, planned
  ORDER BY user_id COLLATE "C"
  ON CONFLICT (group_id, user_id) DO UPDATE SET
    role_level = excluded.role_level, left_at = excluded.left_at, left_cause = excluded.left_cause, left_reason = excluded.left_reason, nickname = excluded.nickname, face_url = excluded.face_url, ex = excluded.ex, join_source = excluded.join_source, inviter_user_id = excluded.inviter_user_id, join_time = excluded.join_time, mute_end_time = excluded.mute_end_time,
    valid_from = excluded.valid_from,
    as_of = CASE WHEN (m.as_of > clock_timestamp()) THEN excluded.as_of ELSE greatest(m.as_of, excluded.as_of) END,
    synced_at = excluded.synced_at
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
  SELECT $1, written_group.revision, clock_timestamp(), (SELECT position_offset FROM change_feed) + pg_current_xact_id()::text::bigint, '{}' || member_summary.kinds,
    CASE WHEN $11::uuid IS NULL THEN 'callback' ELSE 'replay' END, $4::uuid, change.as_of,
    jsonb_strip_nulls(jsonb_build_object(
      'group', jsonb_build_object(
        'memberCount', CASE WHEN coalesce(known.member_count, 0) IS DISTINCT FROM written_group.member_count THEN jsonb_build_array(coalesce(known.member_count, 0), written_group.member_count) END
      ),
      'members', member_summary.members,
      'moreMembers', nullif(greatest(member_summary.changed - 1000, 0), 0)
    )), NULL
  FROM (SELECT count(*) FROM written_group) AS group_written, written_group LEFT JOIN known ON true CROSS JOIN change CROSS JOIN member_summary
  WHERE written_group.revision > coalesce(known.revision, 0)
),
done AS (SELECT changed FROM effect),
logged AS (
  INSERT INTO callback_deliveries (id, command, operation_id, group_id, summary, duration_ms, body, replay_of, problems, received_at, outcome)
  SELECT $4::uuid, $5, $6, $7, $8,
    $9::real + extract(epoch FROM clock_timestamp() - statement_timestamp()) * 1000, $10::bytea, $11::uuid,
    $12::text, date_trunc('milliseconds', coalesce(CASE WHEN $11::uuid IS NULL THEN $3::timestamptz END, clock_timestamp())), CASE WHEN done.changed THEN 'applied' ELSE 'unchanged' END
  FROM done
  WHERE $4::uuid IS NOT NULL
)
SELECT changed FROM done

-- Generated from leave-as-member.ts by "npm run sql".
WITH known AS (
  SELECT change.as_of, groups.created_as_of, groups.member_count, groups.revision, payload.*
  FROM (
      SELECT
    CASE current_setting('transaction_isolation') WHEN 'repeatable read' THEN coalesce($3::timestamptz, clock_timestamp())
    ELSE current_setting('openim_group_sync.needs_repeatable_read')::timestamptz END AS as_of
    ) AS change JOIN groups ON group_id = $1
    CROSS JOIN json_to_record($2::json) AS payload("userIDs" text[], cause text, reason text)
  WHERE cardinality("userIDs") = 1 AND member_count > 0 AND ($3::timestamptz IS NULL OR groups.verified_at IS NULL OR groups.verified_at <= $3)
),
leaving AS (
  SELECT m.ctid AS row_id, m.user_id, m.role_level, m.valid_from, known.*,
    CASE WHEN (m.as_of > known.as_of - interval '15 seconds' AND m.as_of IS DISTINCT FROM known.created_as_of) THEN 'the order of two callbacks is not known' END AS stale
  FROM known JOIN group_members m ON m.group_id = $1 AND m.user_id = "userIDs"[1] AND m.left_at IS NULL
  WHERE ($3::timestamptz IS NULL OR m.as_of <= known.as_of)
),
written_group AS (
  UPDATE groups g SET
    member_count = g.member_count - 1,
    synced_at = now(),
    last_callback_at = clock_timestamp(),
    stale_since = CASE WHEN leaving.stale IS NULL THEN g.stale_since ELSE coalesce(g.stale_since, now()) END,
    stale_reason = CASE WHEN (g.stale_reason IS NULL OR g.stale_reason = 'its creation was not received') THEN coalesce(leaving.stale, g.stale_reason) ELSE g.stale_reason END,
    revision = g.revision + 1
  FROM leaving WHERE g.group_id = $1
  RETURNING 1
),
written_member AS (
  UPDATE group_members m SET
    left_at = leaving.as_of, left_cause = cause, left_reason = reason, as_of = CASE WHEN (m.as_of > clock_timestamp()) THEN leaving.as_of ELSE greatest(m.as_of, leaving.as_of) END, synced_at = now()
  FROM (SELECT count(*) FROM written_group) AS group_done, leaving WHERE m.ctid = leaving.row_id
),
ended_period AS (
  INSERT INTO group_member_periods (group_id, user_id, role_level, valid_from, valid_to, how)
  SELECT $1, user_id, role_level, valid_from, as_of, cause FROM leaving WHERE valid_from < as_of
  ON CONFLICT DO NOTHING
),
recorded AS (
  INSERT INTO group_changes (group_id, revision, recorded_at, position, kinds, source, cause, as_of, change, drift)
  SELECT $1, revision + 1, clock_timestamp(), (SELECT position_offset FROM change_feed) + pg_current_xact_id()::text::bigint, '{left}',
    CASE WHEN $11::uuid IS NULL THEN 'callback' ELSE 'replay' END, $4::uuid, as_of, jsonb_build_object(
      'members', jsonb_build_array(jsonb_build_object('userID', user_id, 'kind', 'left', 'roleLevel', role_level, 'cause', cause)),
      'group', jsonb_build_object('memberCount', jsonb_build_array(member_count, member_count - 1))), NULL
  FROM (SELECT count(*) FROM written_group) AS group_written, leaving
),
logged AS (
  INSERT INTO callback_deliveries (id, command, operation_id, group_id, summary, duration_ms, body, replay_of, problems, received_at, outcome)
  SELECT $4::uuid, $5, $6, $7, $8,
    $9::real + extract(epoch FROM clock_timestamp() - statement_timestamp()) * 1000, $10::bytea, $11::uuid,
    $12::text, date_trunc('milliseconds', coalesce(CASE WHEN $11::uuid IS NULL THEN $3::timestamptz END, clock_timestamp())), 'applied'
  FROM leaving
  WHERE $4::uuid IS NOT NULL)
SELECT true AS changed FROM leaving

-- Generated from set-group-member-info.ts by "npm run sql".
WITH
known AS (SELECT * FROM groups WHERE group_id = $1),
change AS (
  SELECT
    CASE current_setting('transaction_isolation') WHEN 'repeatable read' THEN coalesce($3::timestamptz, clock_timestamp())
    ELSE current_setting('openim_group_sync.needs_repeatable_read')::timestamptz END AS as_of
  WHERE $3::timestamptz IS NULL OR NOT EXISTS (SELECT FROM known WHERE verified_at > $3)
),
payload AS (
  SELECT * FROM json_to_record($2::json) AS t("userID" text, nickname text, "faceURL" text, "roleLevel" integer, ex text)
),
affected_users AS (SELECT "userID" AS user_id FROM payload),
before AS (
  SELECT m.*, affected_users.user_id AS affected_user_id, known.members_removed_at,
    known.created_as_of IS NOT NULL AS is_created,
    m.user_id IS NOT NULL AND m.left_at IS NULL AS was_member,
    (m.as_of > change.as_of - interval '15 seconds' AND m.as_of IS DISTINCT FROM known.created_as_of) AS is_recent
  FROM change
    LEFT JOIN known ON true
    CROSS JOIN affected_users
    LEFT JOIN group_members m ON m.group_id = $1 AND m.user_id = affected_users.user_id
  WHERE (m.as_of IS NULL OR ($3::timestamptz IS NULL OR m.as_of <= change.as_of))
),
planned AS (
  SELECT affected_user_id AS user_id, was_member, is_recent, is_created, before.user_id IS NULL AS is_unknown,
    before.left_at IS NOT NULL AS had_left,
    (payload.nickname <> before.nickname OR payload."faceURL" <> before.face_url OR payload.ex <> before.ex
      OR payload."roleLevel" <> nullif(before.role_level, 0)) IS TRUE AS overwrites,
    (before.user_id IS NULL OR (
      coalesce(payload.nickname, before.nickname), coalesce(payload."faceURL", before.face_url),
      coalesce(payload.ex, before.ex), coalesce(payload."roleLevel", before.role_level)
    ) IS DISTINCT FROM (before.nickname, before.face_url, before.ex, before.role_level)) AS differs,
    coalesce(payload."roleLevel", CASE WHEN was_member OR is_recent THEN before.role_level END, 0) AS role_level,
    CASE WHEN is_recent THEN before.left_at ELSE members_removed_at END AS left_at,
    CASE WHEN is_recent THEN before.left_cause WHEN members_removed_at IS NOT NULL THEN 'dismissed' END AS left_cause,
    CASE WHEN is_recent THEN before.left_reason END AS left_reason,
    coalesce(payload.nickname, before.nickname) AS nickname,
    coalesce(payload."faceURL", before.face_url) AS face_url,
    coalesce(payload.ex, before.ex) AS ex,
    before.join_source, before.inviter_user_id, before.join_time, before.mute_end_time
  FROM before, payload
),
effect AS (
  SELECT count(*) FILTER (WHERE NOT was_member AND left_at IS NULL) AS delta,
    count(*) > 0 AS touched,
    coalesce(bool_or(differs OR (had_left AND left_at IS NULL)), false) AS changed,
    CASE
      WHEN bool_or(is_recent AND (overwrites OR had_left)) THEN 'the order of two callbacks is not known'
      WHEN bool_or(is_created AND (is_unknown OR had_left)) THEN 'a member joined or left, and no callback reported it'
    END AS stale
  FROM planned
),
written_group AS (
  INSERT INTO groups AS g (group_id, create_time, member_count, as_of, synced_at, last_callback_at,
    stale_since, stale_reason)
  SELECT $1, change.as_of, greatest(effect.delta, 0), change.as_of, now(), clock_timestamp(), now(),
    coalesce(effect.stale, 'its creation was not received')
  FROM change, effect
  WHERE effect.touched
  ON CONFLICT (group_id) DO UPDATE SET
    member_count = greatest(g.member_count + (SELECT delta FROM effect), 0),
    as_of = g.as_of,
    synced_at = excluded.synced_at,
    last_callback_at = excluded.last_callback_at,
    stale_since = CASE WHEN (SELECT stale FROM effect) IS NULL THEN g.stale_since ELSE coalesce(g.stale_since, now()) END,
    stale_reason = CASE WHEN (g.stale_reason IS NULL OR g.stale_reason = 'its creation was not received') THEN coalesce((SELECT stale FROM effect), g.stale_reason) ELSE g.stale_reason END
  RETURNING 1
),
written_members AS (
  INSERT INTO group_members AS m (group_id, user_id, role_level, left_at, left_cause, left_reason, nickname, face_url, ex, join_source, inviter_user_id, join_time, mute_end_time, as_of, synced_at)
  SELECT $1, user_id, planned.role_level, planned.left_at, planned.left_cause, planned.left_reason, planned.nickname, planned.face_url, planned.ex, planned.join_source, planned.inviter_user_id, planned.join_time, planned.mute_end_time, change.as_of, now()
  FROM (SELECT count(*) FROM written_group) AS group_done, change, planned
  ORDER BY user_id COLLATE "C"
  ON CONFLICT (group_id, user_id) DO UPDATE SET
    role_level = excluded.role_level, left_at = excluded.left_at, left_cause = excluded.left_cause, left_reason = excluded.left_reason, nickname = excluded.nickname, face_url = excluded.face_url, ex = excluded.ex, join_source = excluded.join_source, inviter_user_id = excluded.inviter_user_id, join_time = excluded.join_time, mute_end_time = excluded.mute_end_time,
    as_of = CASE WHEN (m.as_of > clock_timestamp()) THEN excluded.as_of ELSE greatest(m.as_of, excluded.as_of) END,
    synced_at = excluded.synced_at
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

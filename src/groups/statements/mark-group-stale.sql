-- Generated from mark-group-stale.ts by "npm run sql".
WITH
known AS (SELECT * FROM groups WHERE group_id = $1),
change AS (
  SELECT
    CASE current_setting('transaction_isolation') WHEN 'repeatable read' THEN coalesce($3::timestamptz, clock_timestamp())
    ELSE current_setting('openim_group_sync.needs_repeatable_read')::timestamptz END AS as_of
  WHERE $3::timestamptz IS NULL OR NOT EXISTS (SELECT FROM known WHERE verified_at > $3)
),
payload AS (SELECT $2::json->>'reason' AS reason),
hint AS (
  SELECT coalesce((SELECT nullif(stale_reason, 'its creation was not received') FROM known), '') = '' AS is_new,
    coalesce((SELECT
(known.stale_since IS NOT NULL AND known.last_callback_at > clock_timestamp() - interval '1 second'
  AND known.last_callback_at > coalesce(known.verified_at, '-infinity')) FROM known), false) AS is_marked
),
member_summary AS (SELECT 0 AS changed, '{}'::text[] AS kinds, NULL::jsonb AS members),
effect AS (
  SELECT 0 AS delta, hint.is_new OR NOT hint.is_marked AS touched, hint.is_new AS changed, payload.reason AS stale
  FROM change, payload, hint
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
done AS (SELECT coalesce(bool_or(changed), false) AS changed FROM effect),
logged AS (
  INSERT INTO callback_deliveries (id, command, operation_id, group_id, summary, duration_ms, body, replay_of, problems, received_at, outcome)
  SELECT $4::uuid, $5, $6, $7, $8,
    $9::real + extract(epoch FROM clock_timestamp() - statement_timestamp()) * 1000, $10::bytea, $11::uuid,
    $12::text, date_trunc('milliseconds', coalesce(CASE WHEN $11::uuid IS NULL THEN $3::timestamptz END, clock_timestamp())), CASE WHEN done.changed THEN 'applied' ELSE 'unchanged' END
  FROM done
  WHERE $4::uuid IS NOT NULL
)
SELECT changed FROM done

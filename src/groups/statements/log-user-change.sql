-- Generated from mark-groups-of-user.ts by "npm run sql".
WITH payload AS (SELECT $1::text AS user_id),
done AS (SELECT $2::boolean AS changed FROM payload),
logged AS (
  INSERT INTO callback_deliveries (id, command, operation_id, group_id, summary, duration_ms, body, replay_of, problems, received_at, outcome)
  SELECT $4::uuid, $5, $6, $7, $8,
    $9::real + extract(epoch FROM clock_timestamp() - statement_timestamp()) * 1000, $10::bytea, $11::uuid,
    $12::text, date_trunc('milliseconds', coalesce(CASE WHEN $11::uuid IS NULL THEN $3::timestamptz END, clock_timestamp())), CASE WHEN done.changed THEN 'applied' ELSE 'unchanged' END
  FROM done
  WHERE $4::uuid IS NOT NULL
)
SELECT changed FROM done

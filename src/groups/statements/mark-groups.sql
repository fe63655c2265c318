-- Generated from mark-groups-of-user.ts by "npm run sql".
WITH due AS MATERIALIZED (
  SELECT g.group_id FROM groups g WHERE g.group_id = ANY ($1::text[]) AND
coalesce(g.verified_at <= $2::timestamptz, true) AND (g.stale_since IS NULL OR coalesce(g.last_callback_at < $2::timestamptz, true))
),
free AS MATERIALIZED (
  SELECT g.group_id FROM groups g WHERE g.group_id = ANY (ARRAY(SELECT group_id FROM due)) ORDER BY g.group_id
  FOR NO KEY UPDATE SKIP LOCKED
),
marked AS (
  UPDATE groups g SET
  stale_reason = CASE WHEN (g.stale_reason IS NULL OR g.stale_reason = 'its creation was not received') THEN 'the name or picture of a user changed' ELSE g.stale_reason END,
  stale_since = coalesce(g.stale_since, now()),
  last_callback_at = clock_timestamp() WHERE g.group_id = ANY (ARRAY(SELECT group_id FROM free))
)
SELECT group_id AS "groupID" FROM due EXCEPT SELECT group_id FROM free ORDER BY 1

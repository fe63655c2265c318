-- Generated from mark-group-stale.ts by "npm run sql".
UPDATE groups g SET
  stale_reason = CASE WHEN (g.stale_reason IS NULL OR g.stale_reason = 'its creation was not received') THEN $2 ELSE g.stale_reason END,
  stale_since = coalesce(g.stale_since, now()),
  last_callback_at = clock_timestamp()
WHERE group_id = $1

-- Generated from mark-groups-of-user.ts by "npm run sql".
UPDATE groups g SET
  stale_reason = CASE WHEN (g.stale_reason IS NULL OR g.stale_reason = 'its creation was not received') THEN 'the name or picture of a user changed' ELSE g.stale_reason END,
  stale_since = coalesce(g.stale_since, now()),
  last_callback_at = clock_timestamp() WHERE g.group_id = $1 AND
coalesce(g.verified_at <= $2::timestamptz, true) AND (g.stale_since IS NULL OR coalesce(g.last_callback_at < $2::timestamptz, true))

-- Generated from mark-group-stale.ts by "npm run sql".
UPDATE groups SET
  stale_reason = 'it could not be read from OpenIM: ' || $2,
  stale_since = coalesce(stale_since, now())
WHERE group_id = $1 AND stale_reason IS DISTINCT FROM 'it could not be read from OpenIM: ' || $2

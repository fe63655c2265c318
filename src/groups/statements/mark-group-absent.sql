-- Generated from mark-group-stale.ts by "npm run sql".
UPDATE groups SET
  stale_reason = 'OpenIM does not have it',
  stale_since = coalesce(stale_since, now()),
  version_id = NULL,
  version = NULL
WHERE group_id = $1 AND (coalesce(last_callback_at <= $2, true) OR (last_callback_at > clock_timestamp()))
  AND (coalesce(verified_at <= $2, true) OR (verified_at > clock_timestamp()))

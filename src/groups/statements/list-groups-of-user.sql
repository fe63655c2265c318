-- Generated from mark-groups-of-user.ts by "npm run sql".
SELECT clock_timestamp() AS now, ARRAY(
  SELECT group_id FROM group_members WHERE user_id = $1 AND left_at IS NULL AND group_id > $2 ORDER BY group_id
  LIMIT 200
) AS "groupIDs"

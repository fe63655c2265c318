-- Generated from lock-group.ts by "npm run sql".
SELECT FROM groups WHERE group_id = $1 FOR NO KEY UPDATE

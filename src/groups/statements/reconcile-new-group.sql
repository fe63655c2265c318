-- Generated from reconcile-new-group.ts by "npm run sql".
WITH change AS (
  SELECT
    CASE current_setting('transaction_isolation') WHEN 'repeatable read' THEN $3::timestamptz
    ELSE current_setting('openim_group_sync.needs_repeatable_read')::timestamptz END AS as_of
  WHERE NOT EXISTS (SELECT FROM groups WHERE group_id = $1) AND NOT EXISTS (SELECT FROM group_members WHERE group_id = $1)
),
payload AS (
  SELECT * FROM json_to_record($2::json) AS t("versionID" text, version bigint, verified boolean, whole boolean, complete boolean,
    reason text, confirmed boolean, "watchedSince" timestamptz, info json, members json, "left" json)
),
info AS (
  SELECT i.* FROM payload, json_to_record(payload.info) AS i("groupName" text, "notification" text, "introduction" text, "faceURL" text, "ex" text, "needVerification" integer, "lookMemberInfo" integer, "applyMemberFriend" integer, "ownerUserID" text, "status" integer, "creatorUserID" text, "groupType" integer, "notificationUpdateTime" timestamptz, "notificationUserID" text, "createTime" timestamptz, "memberCount" bigint)
  WHERE payload.info IS NOT NULL
),
listed AS (
  SELECT l.* FROM payload, json_to_recordset(payload.members) AS l("userID" text, "roleLevel" integer, "nickname" text, "faceURL" text, "ex" text, "joinSource" integer, "inviterUserID" text, "joinTime" timestamptz, "muteEndTime" timestamptz)
),
filling AS (
  SELECT info.*, change.as_of, "versionID", version, json_array_length(payload.members)::bigint AS members, "watchedSince"
  FROM change, payload, info
  WHERE verified AND whole AND complete AND info.status <> 2 AND json_array_length(payload.members) > 0
),
written_group AS (
  INSERT INTO groups (group_id, group_name, notification, introduction, face_url, ex, need_verification, look_member_info, apply_member_friend, owner_user_id, status, creator_user_id, group_type, notification_update_time, notification_user_id, create_time, member_count, as_of, created_as_of,
    synced_at, verified_at, full_snapshot_at, version_id, version, known_since, revision)
  SELECT $1, filling."groupName", filling."notification", filling."introduction", filling."faceURL", filling."ex", filling."needVerification", filling."lookMemberInfo", filling."applyMemberFriend", filling."ownerUserID", filling."status", filling."creatorUserID", filling."groupType", filling."notificationUpdateTime", filling."notificationUserID", "createTime", members, as_of, least("createTime", as_of),
    now(), as_of, as_of, "versionID", version, as_of, 1
  FROM filling
  ON CONFLICT (group_id) DO NOTHING
  RETURNING 1
),
written_members AS (
  INSERT INTO group_members (group_id, user_id, role_level, nickname, face_url, ex, join_source, inviter_user_id, join_time, mute_end_time, valid_from, as_of, synced_at)
  SELECT $1, "userID", listed."roleLevel", listed."nickname", listed."faceURL", listed."ex", listed."joinSource", listed."inviterUserID", listed."joinTime", listed."muteEndTime", as_of, as_of, now()
  FROM (SELECT count(*) FROM written_group) AS group_done, filling, listed
),
drift AS (
  SELECT * FROM filling, LATERAL (VALUES (CASE WHEN "createTime" > "watchedSince" THEN 'group' ELSE 'filled' END, true, 1, ("createTime" > "watchedSince")::integer,
      'the group, with ' || members || ' members', NULL::text[]))
    AS r(kind, applies, differences, missed_callbacks, summary, user_ids)
),
recorded AS (
  INSERT INTO group_changes (group_id, revision, recorded_at, position, kinds, source, cause, as_of, change, drift)
  SELECT $1, 1, clock_timestamp(), (SELECT position_offset FROM change_feed) + pg_current_xact_id()::text::bigint, '{created,joined}',
    CASE WHEN EXISTS (SELECT FROM drift WHERE kind = 'filled') THEN 'backfill' ELSE 'reconciliation' END, $4::uuid, as_of,
    jsonb_strip_nulls(jsonb_build_object(
      'group', jsonb_build_object(
        'groupName', CASE WHEN NULL IS DISTINCT FROM "groupName" THEN jsonb_build_array(NULL, "groupName") END,
        'notification', CASE WHEN NULL IS DISTINCT FROM "notification" THEN jsonb_build_array(NULL, "notification") END,
        'introduction', CASE WHEN NULL IS DISTINCT FROM "introduction" THEN jsonb_build_array(NULL, "introduction") END,
        'faceURL', CASE WHEN NULL IS DISTINCT FROM "faceURL" THEN jsonb_build_array(NULL, "faceURL") END,
        'ex', CASE WHEN NULL IS DISTINCT FROM "ex" THEN jsonb_build_array(NULL, "ex") END,
        'needVerification', CASE WHEN NULL IS DISTINCT FROM "needVerification" THEN jsonb_build_array(NULL, "needVerification") END,
        'lookMemberInfo', CASE WHEN NULL IS DISTINCT FROM "lookMemberInfo" THEN jsonb_build_array(NULL, "lookMemberInfo") END,
        'applyMemberFriend', CASE WHEN NULL IS DISTINCT FROM "applyMemberFriend" THEN jsonb_build_array(NULL, "applyMemberFriend") END,
        'ownerUserID', CASE WHEN NULL IS DISTINCT FROM "ownerUserID" THEN jsonb_build_array(NULL, "ownerUserID") END,
        'status', CASE WHEN NULL IS DISTINCT FROM "status" THEN jsonb_build_array(NULL, "status") END,
        'creatorUserID', CASE WHEN NULL IS DISTINCT FROM "creatorUserID" THEN jsonb_build_array(NULL, "creatorUserID") END,
        'groupType', CASE WHEN NULL IS DISTINCT FROM "groupType" THEN jsonb_build_array(NULL, "groupType") END,
        'notificationUpdateTime', CASE WHEN NULL IS DISTINCT FROM "notificationUpdateTime" THEN jsonb_build_array(NULL, "notificationUpdateTime") END,
        'notificationUserID', CASE WHEN NULL IS DISTINCT FROM "notificationUserID" THEN jsonb_build_array(NULL, "notificationUserID") END,
        'createTime', CASE WHEN NULL IS DISTINCT FROM "createTime" THEN jsonb_build_array(NULL, "createTime") END,
        'memberCount', CASE WHEN 0 IS DISTINCT FROM members THEN jsonb_build_array(0, members) END
      ),
      'members',
      (SELECT jsonb_agg(jsonb_build_object('userID', "userID", 'kind', 'joined', 'roleLevel', "roleLevel",
        'nickname', "nickname", 'faceURL', "faceURL", 'ex', "ex", 'muteEndTime', "muteEndTime"))
      FROM (SELECT * FROM listed LIMIT 1000) AS kept_members),
      'moreMembers', nullif(greatest(members - 1000, 0), 0)
    )), (SELECT jsonb_agg(jsonb_strip_nulls(jsonb_build_object(
      'kind', kind, 'differences', differences, 'missedCallbacks', coalesce(missed_callbacks, 0), 'summary', summary,
      'userIDs', CASE WHEN missed_callbacks > 0 THEN to_jsonb(user_ids) END
    ))) FROM drift)
  FROM (SELECT count(*) FROM written_group) AS group_written, filling
)
SELECT 'verified' AS outcome, false AS "needsFullSnapshot", members::integer + 1 AS differing, (SELECT coalesce(json_agg(json_build_object('kind', kind, 'differences', differences, 'summary', summary)), '[]')
    FROM drift) AS drift
FROM filling

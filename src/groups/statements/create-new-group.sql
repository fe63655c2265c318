-- Generated from create-new-group.ts by "npm run sql".
WITH change AS (
  SELECT
    CASE current_setting('transaction_isolation') WHEN 'repeatable read' THEN coalesce($3::timestamptz, clock_timestamp())
    ELSE current_setting('openim_group_sync.needs_repeatable_read')::timestamptz END AS as_of
  WHERE NOT EXISTS (SELECT FROM groups WHERE group_id = $1) AND NOT EXISTS (SELECT FROM group_members WHERE group_id = $1)
),
payload AS (SELECT * FROM json_to_record($2::json) AS t("groupName" text, "notification" text, "introduction" text, "faceURL" text, "ex" text, "needVerification" integer, "lookMemberInfo" integer, "applyMemberFriend" integer, "ownerUserID" text, "status" integer, "creatorUserID" text, "groupType" integer, "notificationUpdateTime" timestamptz, "notificationUserID" text, "createTime" timestamptz,
    "memberCount" bigint, "userIDs" text[], "roleLevels" integer[])),
creation AS (SELECT payload.*, least(payload."createTime", change.as_of) AS as_of FROM change, payload),
written_group AS (
  INSERT INTO groups (group_id, group_name, notification, introduction, face_url, ex, need_verification, look_member_info, apply_member_friend, owner_user_id, status, creator_user_id, group_type, notification_update_time, notification_user_id, create_time, member_count, as_of, created_as_of, synced_at,
    last_callback_at, known_since, revision)
  SELECT $1, creation."groupName", creation."notification", creation."introduction", creation."faceURL", creation."ex", creation."needVerification", creation."lookMemberInfo", creation."applyMemberFriend", creation."ownerUserID", creation."status", creation."creatorUserID", creation."groupType", creation."notificationUpdateTime", creation."notificationUserID", "createTime", "memberCount", as_of, as_of, now(), clock_timestamp(), as_of, 1
  FROM creation
  ON CONFLICT (group_id) DO NOTHING
  RETURNING 1
),
written_members AS (
  INSERT INTO group_members (group_id, user_id, role_level, valid_from, as_of, synced_at)
  SELECT $1, listed.user_id, listed.role_level, creation.as_of, creation.as_of, now()
  FROM (SELECT count(*) FROM written_group) AS group_done, creation,
    unnest(creation."userIDs", creation."roleLevels") AS listed(user_id, role_level)
),
recorded AS (
  INSERT INTO group_changes (group_id, revision, recorded_at, position, kinds, source, cause, as_of, change, drift)
  SELECT $1, 1, clock_timestamp(), (SELECT position_offset FROM change_feed) + pg_current_xact_id()::text::bigint, CASE WHEN cardinality("userIDs") > 0 THEN '{created,joined}' ELSE '{created}' END::text[],
    CASE WHEN $11::uuid IS NULL THEN 'callback' ELSE 'replay' END, $4::uuid, as_of,
    CASE WHEN cardinality("userIDs") <= 1000 THEN jsonb_build_object('created', $2::jsonb)
    ELSE jsonb_build_object('moreMembers', cardinality("userIDs") - 1000, 'created',
      (SELECT to_jsonb(kept) FROM (
        SELECT "groupName", "notification", "introduction", "faceURL", "ex", "needVerification", "lookMemberInfo", "applyMemberFriend", "ownerUserID", "status", "creatorUserID", "groupType", "notificationUpdateTime", "notificationUserID", "createTime", "memberCount",
          "userIDs"[:1000] AS "userIDs", "roleLevels"[:1000] AS "roleLevels"
      ) AS kept)) END, NULL
  FROM (SELECT count(*) FROM written_group) AS group_written, creation
),
logged AS (
  INSERT INTO callback_deliveries (id, command, operation_id, group_id, summary, duration_ms, body, replay_of, problems, received_at, outcome)
  SELECT $4::uuid, $5, $6, $7, $8,
    $9::real + extract(epoch FROM clock_timestamp() - statement_timestamp()) * 1000, $10::bytea, $11::uuid,
    $12::text, date_trunc('milliseconds', coalesce(CASE WHEN $11::uuid IS NULL THEN $3::timestamptz END, clock_timestamp())), 'applied'
  FROM creation
  WHERE $4::uuid IS NOT NULL)
SELECT true AS changed FROM creation

-- Generated from create-group.ts by "npm run sql".
WITH
known AS (SELECT * FROM groups WHERE group_id = $1),
change AS (
  SELECT
    CASE current_setting('transaction_isolation') WHEN 'repeatable read' THEN coalesce($3::timestamptz, clock_timestamp())
    ELSE current_setting('openim_group_sync.needs_repeatable_read')::timestamptz END AS as_of
  WHERE $3::timestamptz IS NULL OR NOT EXISTS (SELECT FROM known WHERE verified_at > $3)
),
payload AS (
  SELECT * FROM json_to_record($2::json) AS t("groupName" text, "notification" text, "introduction" text, "faceURL" text, "ex" text, "needVerification" integer, "lookMemberInfo" integer, "applyMemberFriend" integer, "ownerUserID" text, "status" integer, "creatorUserID" text, "groupType" integer, "notificationUpdateTime" timestamptz, "notificationUserID" text, "createTime" timestamptz,
    "memberCount" bigint, "userIDs" text[], "roleLevels" integer[])
),
creation AS (
  SELECT CASE WHEN NOT known.was_dismissed THEN known.members_removed_at END AS members_removed_at,
    CASE WHEN known.was_dismissed THEN known.as_of END AS dismissed_at,
    CASE
      WHEN known.group_id IS NULL OR known.was_dismissed THEN least(payload."createTime", change.as_of)
      WHEN known.created_as_of IS NULL THEN least(payload."createTime", known.create_time - interval '1 microsecond')
      WHEN known.create_time = payload."createTime" THEN known.created_as_of
      ELSE least(payload."createTime", change.as_of)
    END AS as_of
  FROM change, payload LEFT JOIN (
    SELECT *, coalesce(status = 2 AND coalesce(members_removed_at, as_of) < (SELECT "createTime" FROM payload), false)
      AS was_dismissed
    FROM known
  ) AS known ON true
  WHERE (known.created_as_of IS NULL OR payload."createTime" >= known.create_time)
    AND (known.verified_at IS NULL OR payload."createTime" > known.create_time)
),
listed AS (
  SELECT l.user_id, l.role_level
  FROM payload, unnest(payload."userIDs", payload."roleLevels") AS l(user_id, role_level)
),
later AS (
  SELECT m.user_id, m.left_at FROM creation, group_members m
  WHERE m.group_id = $1 AND NOT (m.as_of <= creation.as_of)
),
former AS (
  SELECT m.user_id, m.role_level, creation.dismissed_at AS left_at FROM creation, group_members m
  WHERE creation.dismissed_at IS NOT NULL AND m.group_id = $1 AND m.left_at IS NULL
    AND (m.as_of <= creation.as_of) AND m.user_id NOT IN (SELECT user_id FROM listed)
),
delta AS (
  SELECT (SELECT count(*) FROM group_members
      WHERE group_id = $1 AND left_at IS NULL AND user_id NOT IN (SELECT user_id FROM listed)) - (SELECT count(*) FROM former)
    - (SELECT count(*) FROM later WHERE left_at IS NOT NULL AND user_id IN (SELECT user_id FROM listed)) AS members
),
written_group AS (
  INSERT INTO groups AS g (group_id, group_name, notification, introduction, face_url, ex, need_verification, look_member_info, apply_member_friend, owner_user_id, status, creator_user_id, group_type, notification_update_time, notification_user_id, create_time, member_count, as_of, created_as_of, synced_at,
    last_callback_at)
  SELECT $1, payload."groupName", payload."notification", payload."introduction", payload."faceURL", payload."ex", payload."needVerification", payload."lookMemberInfo", payload."applyMemberFriend", payload."ownerUserID", payload."status", payload."creatorUserID", payload."groupType", payload."notificationUpdateTime", payload."notificationUserID", payload."createTime",
    CASE WHEN creation.members_removed_at IS NULL THEN greatest(payload."memberCount" + delta.members, 0) ELSE 0 END,
    creation.as_of, creation.as_of, now(), clock_timestamp()
  FROM payload, creation, delta
  ON CONFLICT (group_id) DO UPDATE SET
    group_name = CASE WHEN (g.as_of <= excluded.as_of)
      THEN coalesce(excluded.group_name, g.group_name) ELSE coalesce(g.group_name, excluded.group_name) END,
    notification = CASE WHEN (g.as_of <= excluded.as_of)
      THEN coalesce(excluded.notification, g.notification) ELSE coalesce(g.notification, excluded.notification) END,
    introduction = CASE WHEN (g.as_of <= excluded.as_of)
      THEN coalesce(excluded.introduction, g.introduction) ELSE coalesce(g.introduction, excluded.introduction) END,
    face_url = CASE WHEN (g.as_of <= excluded.as_of)
      THEN coalesce(excluded.face_url, g.face_url) ELSE coalesce(g.face_url, excluded.face_url) END,
    ex = CASE WHEN (g.as_of <= excluded.as_of)
      THEN coalesce(excluded.ex, g.ex) ELSE coalesce(g.ex, excluded.ex) END,
    need_verification = CASE WHEN (g.as_of <= excluded.as_of)
      THEN coalesce(excluded.need_verification, g.need_verification) ELSE coalesce(g.need_verification, excluded.need_verification) END,
    look_member_info = CASE WHEN (g.as_of <= excluded.as_of)
      THEN coalesce(excluded.look_member_info, g.look_member_info) ELSE coalesce(g.look_member_info, excluded.look_member_info) END,
    apply_member_friend = CASE WHEN (g.as_of <= excluded.as_of)
      THEN coalesce(excluded.apply_member_friend, g.apply_member_friend) ELSE coalesce(g.apply_member_friend, excluded.apply_member_friend) END,
    owner_user_id = CASE WHEN (g.as_of <= excluded.as_of)
      THEN coalesce(excluded.owner_user_id, g.owner_user_id) ELSE coalesce(g.owner_user_id, excluded.owner_user_id) END,
    status = CASE WHEN (g.as_of <= excluded.as_of)
      THEN coalesce(excluded.status, g.status) ELSE coalesce(g.status, excluded.status) END,
    creator_user_id = CASE WHEN (g.as_of <= excluded.as_of)
      THEN coalesce(excluded.creator_user_id, g.creator_user_id) ELSE coalesce(g.creator_user_id, excluded.creator_user_id) END,
    group_type = CASE WHEN (g.as_of <= excluded.as_of)
      THEN coalesce(excluded.group_type, g.group_type) ELSE coalesce(g.group_type, excluded.group_type) END,
    notification_update_time = CASE WHEN (g.as_of <= excluded.as_of)
      THEN coalesce(excluded.notification_update_time, g.notification_update_time) ELSE coalesce(g.notification_update_time, excluded.notification_update_time) END,
    notification_user_id = CASE WHEN (g.as_of <= excluded.as_of)
      THEN coalesce(excluded.notification_user_id, g.notification_user_id) ELSE coalesce(g.notification_user_id, excluded.notification_user_id) END,
    create_time = excluded.create_time,
    member_count = excluded.member_count,
    as_of = greatest(g.as_of, excluded.as_of),
    created_as_of = excluded.created_as_of,
    members_removed_at = (SELECT members_removed_at FROM creation),
    synced_at = excluded.synced_at,
    last_callback_at = excluded.last_callback_at,
    stale_since = CASE WHEN g.stale_reason IS DISTINCT FROM 'its creation was not received' THEN g.stale_since END,
    stale_reason = nullif(g.stale_reason, 'its creation was not received')
  WHERE g.created_as_of IS NULL OR ((g.as_of <= excluded.as_of) AND NOT (
    (g.group_name, g.notification, g.introduction, g.face_url, g.ex, g.need_verification, g.look_member_info, g.apply_member_friend, g.owner_user_id, g.status, g.creator_user_id, g.group_type, g.notification_update_time, g.notification_user_id, g.create_time, g.member_count)
    IS NOT DISTINCT FROM (excluded.group_name, excluded.notification, excluded.introduction, excluded.face_url, excluded.ex, excluded.need_verification, excluded.look_member_info, excluded.apply_member_friend, excluded.owner_user_id, excluded.status, excluded.creator_user_id, excluded.group_type, excluded.notification_update_time, excluded.notification_user_id, excluded.create_time, excluded.member_count))) OR g.member_count <> excluded.member_count
  RETURNING 1
),
group_done AS (SELECT count(*) AS rows FROM written_group),
new_group AS (SELECT WHERE NOT EXISTS (SELECT FROM known) AND NOT EXISTS (SELECT FROM group_members WHERE group_id = $1)),
first_members AS (
  INSERT INTO group_members (group_id, user_id, role_level, as_of, synced_at)
  SELECT $1, listed.user_id, listed.role_level, creation.as_of, now()
  FROM group_done, creation, listed, new_group
),
written_members AS (
  INSERT INTO group_members AS m (group_id, user_id, role_level, left_at, left_cause, as_of, synced_at)
  SELECT $1, all_users.user_id, all_users.role_level, all_users.left_at,
    CASE WHEN all_users.left_at IS NOT NULL THEN 'dismissed' END, creation.as_of, now()
  FROM group_done, creation,
    (SELECT user_id, role_level, members_removed_at AS left_at FROM listed, creation UNION ALL TABLE former) AS all_users
  WHERE NOT EXISTS (SELECT FROM new_group)
  ORDER BY all_users.user_id COLLATE "C"
  ON CONFLICT (group_id, user_id) DO UPDATE SET
    role_level = CASE WHEN (m.as_of <= excluded.as_of) OR m.role_level = 0 THEN excluded.role_level ELSE m.role_level END,
    left_at = CASE WHEN (m.as_of <= excluded.as_of) THEN excluded.left_at ELSE m.left_at END,
    left_cause = CASE WHEN (m.as_of <= excluded.as_of) THEN excluded.left_cause ELSE m.left_cause END,
    left_reason = CASE WHEN (m.as_of <= excluded.as_of) THEN NULL ELSE m.left_reason END,
    as_of = greatest(m.as_of, excluded.as_of),
    synced_at = excluded.synced_at
  WHERE (m.role_level = 0 AND excluded.role_level <> 0)
    OR ((m.as_of <= excluded.as_of) AND (m.role_level, m.left_at) IS DISTINCT FROM (excluded.role_level, excluded.left_at))
  RETURNING 1
),
done AS (SELECT (SELECT rows FROM group_done) + (SELECT count(*) FROM written_members) > 0 AS changed),
logged AS (
  INSERT INTO callback_deliveries (id, command, operation_id, group_id, summary, duration_ms, body, replay_of, problems, received_at, outcome)
  SELECT $4::uuid, $5, $6, $7, $8,
    $9::real + extract(epoch FROM clock_timestamp() - statement_timestamp()) * 1000, $10::bytea, $11::uuid,
    $12::text, date_trunc('milliseconds', coalesce(CASE WHEN $11::uuid IS NULL THEN $3::timestamptz END, clock_timestamp())), CASE WHEN done.changed THEN 'applied' ELSE 'unchanged' END
  FROM done
  WHERE $4::uuid IS NOT NULL
)
SELECT changed FROM done

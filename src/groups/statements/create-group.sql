-- Generated from create-group.ts by "npm run sql".
WITH
known AS (SELECT * FROM groups WHERE group_id = $1),
change AS (
  SELECT
    CASE current_setting('transaction_isolation') WHEN 'repeatable read' THEN coalesce($3::timestamptz, clock_timestamp())
    ELSE current_setting('openim_group_sync.needs_repeatable_read')::timestamptz END AS as_of
  WHERE $3::timestamptz IS NULL OR NOT EXISTS (SELECT FROM known WHERE verified_at > $3)
),
payload AS (SELECT * FROM json_to_record($2::json) AS t("groupName" text, "notification" text, "introduction" text, "faceURL" text, "ex" text, "needVerification" integer, "lookMemberInfo" integer, "applyMemberFriend" integer, "ownerUserID" text, "status" integer, "creatorUserID" text, "groupType" integer, "notificationUpdateTime" timestamptz, "notificationUserID" text, "createTime" timestamptz,
    "memberCount" bigint, "userIDs" text[], "roleLevels" integer[])),
creation AS (
  SELECT CASE WHEN NOT known.was_dismissed THEN known.members_removed_at END AS members_removed_at,
    known.was_dismissed IS TRUE AS begins_new_life,
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
  SELECT m.user_id, m.role_level, creation.as_of AS left_at FROM creation, group_members m
  WHERE creation.begins_new_life AND m.group_id = $1 AND m.left_at IS NULL
    AND (m.as_of <= creation.as_of) AND m.user_id NOT IN (SELECT user_id FROM listed)
),
delta AS (
  SELECT (SELECT count(*) FROM group_members
      WHERE group_id = $1 AND left_at IS NULL AND user_id NOT IN (SELECT user_id FROM listed)) - (SELECT count(*) FROM former)
    - (SELECT count(*) FROM later WHERE left_at IS NOT NULL AND user_id IN (SELECT user_id FROM listed)) AS members
),
planned AS (
  SELECT * FROM (
    SELECT u.user_id,
      CASE WHEN m.as_of IS NULL OR (m.as_of <= creation.as_of) OR m.role_level = 0 THEN u.role_level ELSE m.role_level END AS role_level,
      CASE WHEN m.as_of IS NULL OR (m.as_of <= creation.as_of) THEN u.left_at ELSE m.left_at END AS left_at,
      CASE WHEN m.as_of IS NOT NULL AND NOT (m.as_of <= creation.as_of) THEN m.left_cause WHEN u.left_at IS NOT NULL THEN 'dismissed' END AS left_cause,
      CASE WHEN NOT (m.as_of <= creation.as_of) THEN m.left_reason END AS left_reason,
      m.nickname, m.face_url, m.ex, m.mute_end_time, m.user_id IS NOT NULL AS old_exists, m.user_id IS NOT NULL AND m.left_at IS NULL AS old_is_member, m.valid_from AS old_valid_from, m.role_level AS old_role_level, m.nickname AS old_nickname, m.face_url AS old_face_url, m.ex AS old_ex, m.mute_end_time AS old_mute_end_time, m.left_at AS old_left_at
    FROM creation,
      (SELECT user_id, role_level, members_removed_at AS left_at FROM listed, creation UNION ALL TABLE former) AS u
      LEFT JOIN group_members m ON m.group_id = $1 AND m.user_id = u.user_id
  ) AS all_users
  WHERE NOT old_exists OR (role_level, left_at) IS DISTINCT FROM (old_role_level, old_left_at)
),
member_changes AS (
  SELECT * FROM (
    SELECT *,
      CASE
        WHEN left_at IS NULL AND NOT old_is_member THEN 'joined'
        WHEN left_at IS NOT NULL AND (old_is_member OR NOT old_exists) THEN 'left'
        WHEN left_at IS NULL AND role_level <> old_role_level THEN 'role'
        WHEN left_at IS NULL AND (coalesce(nickname, '') <> coalesce(old_nickname, '') OR coalesce(face_url, '') <> coalesce(old_face_url, '') OR coalesce(ex, '') <> coalesce(old_ex, '') OR coalesce(mute_end_time, 'epoch') <> coalesce(old_mute_end_time, 'epoch')) THEN 'member'
      END AS change_kind
    FROM planned
  ) AS planned_members
  WHERE change_kind IS NOT NULL
),
member_summary AS (
  SELECT count(*) AS changed,
    coalesce(array_agg(DISTINCT change_kind), '{}') AS kinds,
    (SELECT jsonb_agg(jsonb_build_object(
        'userID', user_id,
        'kind', change_kind,
        'roleLevel', role_level,
        'formerRoleLevel', CASE WHEN change_kind = 'role' THEN old_role_level END,
        'cause', CASE WHEN change_kind = 'left' THEN left_cause END,
        'nickname', CASE WHEN change_kind = 'joined' OR (change_kind <> 'left' AND coalesce(nickname, '') <> coalesce(old_nickname, '')) THEN nickname END,
        'faceURL', CASE WHEN change_kind = 'joined' OR (change_kind <> 'left' AND coalesce(face_url, '') <> coalesce(old_face_url, '')) THEN face_url END,
        'ex', CASE WHEN change_kind = 'joined' OR (change_kind <> 'left' AND coalesce(ex, '') <> coalesce(old_ex, '')) THEN ex END,
        'muteEndTime', CASE WHEN change_kind = 'joined' OR (change_kind <> 'left' AND coalesce(mute_end_time, 'epoch') <> coalesce(old_mute_end_time, 'epoch')) THEN mute_end_time END
      )) FROM (SELECT * FROM member_changes LIMIT 1000) AS kept_members) AS members
  FROM member_changes
),
written_group AS (
  INSERT INTO groups AS g (group_id, group_name, notification, introduction, face_url, ex, need_verification, look_member_info, apply_member_friend, owner_user_id, status, creator_user_id, group_type, notification_update_time, notification_user_id, create_time, member_count, as_of, created_as_of, synced_at,
    last_callback_at, known_since, revision)
  SELECT $1, payload."groupName", payload."notification", payload."introduction", payload."faceURL", payload."ex", payload."needVerification", payload."lookMemberInfo", payload."applyMemberFriend", payload."ownerUserID", payload."status", payload."creatorUserID", payload."groupType", payload."notificationUpdateTime", payload."notificationUserID", payload."createTime",
    CASE WHEN creation.members_removed_at IS NULL THEN greatest(payload."memberCount" + delta.members, 0) ELSE 0 END,
    creation.as_of, creation.as_of, now(), clock_timestamp(), creation.as_of, 1
  FROM payload, creation, delta
  ON CONFLICT (group_id) DO UPDATE SET
    group_name = CASE WHEN (g.as_of <= excluded.as_of) THEN coalesce(excluded.group_name, g.group_name) ELSE coalesce(g.group_name, excluded.group_name) END,
    notification = CASE WHEN (g.as_of <= excluded.as_of) THEN coalesce(excluded.notification, g.notification) ELSE coalesce(g.notification, excluded.notification) END,
    introduction = CASE WHEN (g.as_of <= excluded.as_of) THEN coalesce(excluded.introduction, g.introduction) ELSE coalesce(g.introduction, excluded.introduction) END,
    face_url = CASE WHEN (g.as_of <= excluded.as_of) THEN coalesce(excluded.face_url, g.face_url) ELSE coalesce(g.face_url, excluded.face_url) END,
    ex = CASE WHEN (g.as_of <= excluded.as_of) THEN coalesce(excluded.ex, g.ex) ELSE coalesce(g.ex, excluded.ex) END,
    need_verification = CASE WHEN (g.as_of <= excluded.as_of) THEN coalesce(excluded.need_verification, g.need_verification) ELSE coalesce(g.need_verification, excluded.need_verification) END,
    look_member_info = CASE WHEN (g.as_of <= excluded.as_of) THEN coalesce(excluded.look_member_info, g.look_member_info) ELSE coalesce(g.look_member_info, excluded.look_member_info) END,
    apply_member_friend = CASE WHEN (g.as_of <= excluded.as_of) THEN coalesce(excluded.apply_member_friend, g.apply_member_friend) ELSE coalesce(g.apply_member_friend, excluded.apply_member_friend) END,
    owner_user_id = CASE WHEN (g.as_of <= excluded.as_of) THEN coalesce(excluded.owner_user_id, g.owner_user_id) ELSE coalesce(g.owner_user_id, excluded.owner_user_id) END,
    status = CASE WHEN (g.as_of <= excluded.as_of) THEN coalesce(excluded.status, g.status) ELSE coalesce(g.status, excluded.status) END,
    creator_user_id = CASE WHEN (g.as_of <= excluded.as_of) THEN coalesce(excluded.creator_user_id, g.creator_user_id) ELSE coalesce(g.creator_user_id, excluded.creator_user_id) END,
    group_type = CASE WHEN (g.as_of <= excluded.as_of) THEN coalesce(excluded.group_type, g.group_type) ELSE coalesce(g.group_type, excluded.group_type) END,
    notification_update_time = CASE WHEN (g.as_of <= excluded.as_of) THEN coalesce(excluded.notification_update_time, g.notification_update_time) ELSE coalesce(g.notification_update_time, excluded.notification_update_time) END,
    notification_user_id = CASE WHEN (g.as_of <= excluded.as_of) THEN coalesce(excluded.notification_user_id, g.notification_user_id) ELSE coalesce(g.notification_user_id, excluded.notification_user_id) END,
    create_time = excluded.create_time,
    member_count = excluded.member_count,
    as_of = greatest(g.as_of, excluded.as_of),
    created_as_of = excluded.created_as_of,
    members_removed_at = (SELECT members_removed_at FROM creation),
    synced_at = excluded.synced_at,
    last_callback_at = excluded.last_callback_at,
    known_since = coalesce(g.known_since, excluded.known_since),
    stale_since = CASE WHEN g.stale_reason IS DISTINCT FROM 'its creation was not received' THEN g.stale_since END,
    stale_reason = nullif(g.stale_reason, 'its creation was not received'),
    revision = g.revision + ((SELECT changed > 0 FROM member_summary) OR g.created_as_of IS DISTINCT FROM excluded.created_as_of
      OR (g.create_time, g.member_count) IS DISTINCT FROM (excluded.create_time, excluded.member_count)
      OR ((g.group_name, g.notification, g.introduction, g.face_url, g.ex, g.need_verification, g.look_member_info, g.apply_member_friend, g.owner_user_id, g.status, g.creator_user_id, g.group_type, g.notification_update_time, g.notification_user_id) IS DISTINCT FROM (CASE WHEN (g.as_of <= excluded.as_of) THEN coalesce(excluded.group_name, g.group_name) ELSE coalesce(g.group_name, excluded.group_name) END,
      CASE WHEN (g.as_of <= excluded.as_of) THEN coalesce(excluded.notification, g.notification) ELSE coalesce(g.notification, excluded.notification) END,
      CASE WHEN (g.as_of <= excluded.as_of) THEN coalesce(excluded.introduction, g.introduction) ELSE coalesce(g.introduction, excluded.introduction) END,
      CASE WHEN (g.as_of <= excluded.as_of) THEN coalesce(excluded.face_url, g.face_url) ELSE coalesce(g.face_url, excluded.face_url) END,
      CASE WHEN (g.as_of <= excluded.as_of) THEN coalesce(excluded.ex, g.ex) ELSE coalesce(g.ex, excluded.ex) END,
      CASE WHEN (g.as_of <= excluded.as_of) THEN coalesce(excluded.need_verification, g.need_verification) ELSE coalesce(g.need_verification, excluded.need_verification) END,
      CASE WHEN (g.as_of <= excluded.as_of) THEN coalesce(excluded.look_member_info, g.look_member_info) ELSE coalesce(g.look_member_info, excluded.look_member_info) END,
      CASE WHEN (g.as_of <= excluded.as_of) THEN coalesce(excluded.apply_member_friend, g.apply_member_friend) ELSE coalesce(g.apply_member_friend, excluded.apply_member_friend) END,
      CASE WHEN (g.as_of <= excluded.as_of) THEN coalesce(excluded.owner_user_id, g.owner_user_id) ELSE coalesce(g.owner_user_id, excluded.owner_user_id) END,
      CASE WHEN (g.as_of <= excluded.as_of) THEN coalesce(excluded.status, g.status) ELSE coalesce(g.status, excluded.status) END,
      CASE WHEN (g.as_of <= excluded.as_of) THEN coalesce(excluded.creator_user_id, g.creator_user_id) ELSE coalesce(g.creator_user_id, excluded.creator_user_id) END,
      CASE WHEN (g.as_of <= excluded.as_of) THEN coalesce(excluded.group_type, g.group_type) ELSE coalesce(g.group_type, excluded.group_type) END,
      CASE WHEN (g.as_of <= excluded.as_of) THEN coalesce(excluded.notification_update_time, g.notification_update_time) ELSE coalesce(g.notification_update_time, excluded.notification_update_time) END,
      CASE WHEN (g.as_of <= excluded.as_of) THEN coalesce(excluded.notification_user_id, g.notification_user_id) ELSE coalesce(g.notification_user_id, excluded.notification_user_id) END)))::integer
  WHERE g.created_as_of IS NULL OR ((g.as_of <= excluded.as_of) AND NOT (
    (g.group_name, g.notification, g.introduction, g.face_url, g.ex, g.need_verification, g.look_member_info, g.apply_member_friend, g.owner_user_id, g.status, g.creator_user_id, g.group_type, g.notification_update_time, g.notification_user_id, g.create_time, g.member_count)
    IS NOT DISTINCT FROM (excluded.group_name, excluded.notification, excluded.introduction, excluded.face_url, excluded.ex, excluded.need_verification, excluded.look_member_info, excluded.apply_member_friend, excluded.owner_user_id, excluded.status, excluded.creator_user_id, excluded.group_type, excluded.notification_update_time, excluded.notification_user_id, excluded.create_time, excluded.member_count))) OR g.member_count <> excluded.member_count
    OR EXISTS (SELECT FROM planned)
  RETURNING *
),
group_done AS (SELECT count(*) AS rows FROM written_group),
written_members AS (
  INSERT INTO group_members AS m (group_id, user_id, role_level, left_at, left_cause, left_reason, valid_from, as_of, synced_at)
  SELECT $1, planned.user_id, planned.role_level, planned.left_at, planned.left_cause, planned.left_reason,
    CASE WHEN old_exists AND (planned.left_at IS NOT NULL OR (old_is_member AND (planned.role_level = old_role_level OR old_role_level = 0)))
      THEN old_valid_from ELSE creation.as_of END, creation.as_of, now()
  FROM group_done, creation, planned
  ORDER BY planned.user_id COLLATE "C"
  ON CONFLICT (group_id, user_id) DO UPDATE SET
    role_level = excluded.role_level,
    left_at = excluded.left_at,
    left_cause = excluded.left_cause,
    left_reason = excluded.left_reason,
    valid_from = excluded.valid_from,
    as_of = greatest(m.as_of, excluded.as_of),
    synced_at = excluded.synced_at
),
ended_periods AS (
  INSERT INTO group_member_periods (group_id, user_id, role_level, valid_from, valid_to, how)
  SELECT $1, user_id, old_role_level, old_valid_from, creation.as_of, CASE change_kind WHEN 'left' THEN left_cause ELSE 'role' END
  FROM creation, member_changes
  WHERE old_is_member AND (change_kind = 'left' OR (change_kind = 'role' AND old_role_level <> 0)) AND old_valid_from < creation.as_of
  ON CONFLICT DO NOTHING
),
recorded AS (
  INSERT INTO group_changes (group_id, revision, recorded_at, position, kinds, source, cause, as_of, change, drift)
  SELECT $1, written_group.revision, clock_timestamp(), (SELECT position_offset FROM change_feed) + pg_current_xact_id()::text::bigint, array_remove(ARRAY[CASE WHEN written_group.created_as_of IS NOT NULL AND known.created_as_of IS DISTINCT FROM written_group.created_as_of THEN 'created' WHEN (known.group_name, known.notification, known.introduction, known.face_url, known.ex, known.need_verification, known.look_member_info, known.apply_member_friend) IS DISTINCT FROM (written_group.group_name, written_group.notification, written_group.introduction, written_group.face_url, written_group.ex, written_group.need_verification, written_group.look_member_info, written_group.apply_member_friend) THEN 'info' END,
      CASE WHEN known.status IS DISTINCT FROM written_group.status AND written_group.status = 2 THEN 'dismissed'
        WHEN known.status <> written_group.status THEN 'status' END,
      CASE WHEN known.owner_user_id <> written_group.owner_user_id THEN 'owner' END], NULL) || member_summary.kinds,
    CASE WHEN $11::uuid IS NULL THEN 'callback' ELSE 'replay' END, $4::uuid, creation.as_of,
    jsonb_strip_nulls(jsonb_build_object(
      'group', jsonb_build_object(
        'groupName', CASE WHEN known.group_name IS DISTINCT FROM written_group.group_name THEN jsonb_build_array(known.group_name, written_group.group_name) END,
        'notification', CASE WHEN known.notification IS DISTINCT FROM written_group.notification THEN jsonb_build_array(known.notification, written_group.notification) END,
        'introduction', CASE WHEN known.introduction IS DISTINCT FROM written_group.introduction THEN jsonb_build_array(known.introduction, written_group.introduction) END,
        'faceURL', CASE WHEN known.face_url IS DISTINCT FROM written_group.face_url THEN jsonb_build_array(known.face_url, written_group.face_url) END,
        'ex', CASE WHEN known.ex IS DISTINCT FROM written_group.ex THEN jsonb_build_array(known.ex, written_group.ex) END,
        'needVerification', CASE WHEN known.need_verification IS DISTINCT FROM written_group.need_verification THEN jsonb_build_array(known.need_verification, written_group.need_verification) END,
        'lookMemberInfo', CASE WHEN known.look_member_info IS DISTINCT FROM written_group.look_member_info THEN jsonb_build_array(known.look_member_info, written_group.look_member_info) END,
        'applyMemberFriend', CASE WHEN known.apply_member_friend IS DISTINCT FROM written_group.apply_member_friend THEN jsonb_build_array(known.apply_member_friend, written_group.apply_member_friend) END,
        'ownerUserID', CASE WHEN known.owner_user_id IS DISTINCT FROM written_group.owner_user_id THEN jsonb_build_array(known.owner_user_id, written_group.owner_user_id) END,
        'status', CASE WHEN known.status IS DISTINCT FROM written_group.status THEN jsonb_build_array(known.status, written_group.status) END,
        'creatorUserID', CASE WHEN known.creator_user_id IS DISTINCT FROM written_group.creator_user_id THEN jsonb_build_array(known.creator_user_id, written_group.creator_user_id) END,
        'groupType', CASE WHEN known.group_type IS DISTINCT FROM written_group.group_type THEN jsonb_build_array(known.group_type, written_group.group_type) END,
        'notificationUpdateTime', CASE WHEN known.notification_update_time IS DISTINCT FROM written_group.notification_update_time THEN jsonb_build_array(known.notification_update_time, written_group.notification_update_time) END,
        'notificationUserID', CASE WHEN known.notification_user_id IS DISTINCT FROM written_group.notification_user_id THEN jsonb_build_array(known.notification_user_id, written_group.notification_user_id) END,
        'createTime', CASE WHEN CASE WHEN known.created_as_of IS NOT NULL THEN known.create_time END IS DISTINCT FROM CASE WHEN written_group.created_as_of IS NOT NULL THEN written_group.create_time END THEN jsonb_build_array(CASE WHEN known.created_as_of IS NOT NULL THEN known.create_time END, CASE WHEN written_group.created_as_of IS NOT NULL THEN written_group.create_time END) END,
        'memberCount', CASE WHEN coalesce(known.member_count, 0) IS DISTINCT FROM written_group.member_count THEN jsonb_build_array(coalesce(known.member_count, 0), written_group.member_count) END
      ),
      'members', member_summary.members,
      'moreMembers', nullif(greatest(member_summary.changed - 1000, 0), 0)
    )), NULL
  FROM (SELECT count(*) FROM written_group) AS group_written, written_group LEFT JOIN known ON true CROSS JOIN creation CROSS JOIN member_summary
  WHERE written_group.revision > coalesce(known.revision, 0)
),
done AS (SELECT rows > 0 AS changed FROM group_done),
logged AS (
  INSERT INTO callback_deliveries (id, command, operation_id, group_id, summary, duration_ms, body, replay_of, problems, received_at, outcome)
  SELECT $4::uuid, $5, $6, $7, $8,
    $9::real + extract(epoch FROM clock_timestamp() - statement_timestamp()) * 1000, $10::bytea, $11::uuid,
    $12::text, date_trunc('milliseconds', coalesce(CASE WHEN $11::uuid IS NULL THEN $3::timestamptz END, clock_timestamp())), CASE WHEN done.changed THEN 'applied' ELSE 'unchanged' END
  FROM done
  WHERE $4::uuid IS NOT NULL
)
SELECT changed FROM done

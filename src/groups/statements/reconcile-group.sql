-- Generated from reconcile-group.ts by "npm run sql".
WITH
change AS (SELECT
    CASE current_setting('transaction_isolation') WHEN 'repeatable read' THEN $3::timestamptz
    ELSE current_setting('openim_group_sync.needs_repeatable_read')::timestamptz END AS as_of),
known AS (SELECT * FROM groups WHERE group_id = $1),
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
listed_as_left AS (
  SELECT coalesce(array_agg(u), '{}') AS user_ids FROM payload, json_array_elements_text(payload."left") AS u
),
compared AS (
  SELECT coalesce(l."userID", m.user_id) AS user_id,
    l."userID" IS NOT NULL AS is_listed,
    m.user_id IS NOT NULL AS was_known,
    m.user_id IS NOT NULL AND m.left_at IS NULL AS was_member,
    m.valid_from AS old_valid_from,
    coalesce(((m.as_of > clock_timestamp()) OR m.as_of <= change.as_of), true) AS is_overwritten,
    coalesce(((m.as_of > clock_timestamp()) OR m.as_of <= greatest(change.as_of - interval '5 seconds', known.verified_at)), true) AS is_past_caches,
    m.user_id IS NOT NULL AND NOT payload.whole AND l."userID" IS NULL AND NOT m.user_id = ANY (listed_as_left.user_ids)
      AND m.as_of > known.verified_at AND m.as_of <= change.as_of AS contradicts_callback,
    l."userID" IS NULL AND (payload.complete OR m.user_id = ANY (listed_as_left.user_ids)) AS is_absent,
    coalesce(known.owner_user_id <> info."ownerUserID", false) AS has_other_owner,
    m.role_level AS old_role_level, l."roleLevel" AS new_role_level,
    m.nickname AS old_nickname, l."nickname" AS new_nickname,
    m.face_url AS old_face_url, l."faceURL" AS new_face_url,
    m.ex AS old_ex, l."ex" AS new_ex,
    m.join_source AS old_join_source, l."joinSource" AS new_join_source,
    m.inviter_user_id AS old_inviter_user_id, l."inviterUserID" AS new_inviter_user_id,
    m.join_time AS old_join_time, l."joinTime" AS new_join_time,
    m.mute_end_time AS old_mute_end_time, l."muteEndTime" AS new_mute_end_time
  FROM listed l FULL JOIN (SELECT * FROM group_members WHERE group_id = $1) m ON m.user_id = l."userID"
  CROSS JOIN change CROSS JOIN payload CROSS JOIN listed_as_left LEFT JOIN known ON true LEFT JOIN info ON true
),
changes AS (
  SELECT *,
    is_past_caches AND is_listed AND NOT was_member AS joins,
    is_past_caches AND is_absent AND was_member AS leaves,
    is_overwritten AND NOT is_past_caches AND ((is_listed AND NOT was_member) OR (is_absent AND was_member)) AS is_too_recent,
    is_overwritten AND is_listed AND was_member AND old_role_level NOT IN (0, new_role_level)
      AND NOT (has_other_owner AND 100 IN (old_role_level, new_role_level)) AS has_other_role,
    is_overwritten AND is_listed AND was_member AND (
      nullif(old_nickname, '') <> new_nickname OR nullif(old_face_url, '') <> new_face_url OR nullif(old_ex, '') <> new_ex
      OR old_mute_end_time <> new_mute_end_time) IS TRUE AS has_other_details,
    is_overwritten AND is_listed AND ((is_past_caches AND NOT was_member) OR was_member
      AND (old_role_level, old_nickname, old_face_url, old_ex, old_join_source, old_inviter_user_id, old_join_time, old_mute_end_time)
      IS DISTINCT FROM (new_role_level, new_nickname, new_face_url, new_ex, new_join_source, new_inviter_user_id, new_join_time, new_mute_end_time)) AS is_written
  FROM compared
),
counted AS (
  SELECT count(*) FILTER (WHERE was_member) AS members,
    count(*) FILTER (WHERE joins) AS joining,
    count(*) FILTER (WHERE joins AND new_join_source = 0) AS joining_directly,
    count(*) FILTER (WHERE leaves) AS leaving,
    count(*) FILTER (WHERE has_other_role) AS other_roles,
    count(*) FILTER (WHERE has_other_details) AS other_details,
    coalesce(bool_or(contradicts_callback), false) AS contradicts_callback,
    coalesce(bool_or(is_too_recent), false) AS is_too_recent,
    array_to_string((array_agg(user_id ORDER BY user_id) FILTER (WHERE joins))[1:5], ', ')
      || CASE WHEN count(*) FILTER (WHERE joins) > 5
        THEN ' and ' || count(*) FILTER (WHERE joins) - 5 || ' more' ELSE '' END AS joining_names,
    array_to_string((array_agg(user_id ORDER BY user_id) FILTER (WHERE leaves))[1:5], ', ')
      || CASE WHEN count(*) FILTER (WHERE leaves) > 5
        THEN ' and ' || count(*) FILTER (WHERE leaves) - 5 || ' more' ELSE '' END AS leaving_names,
    array_to_string((array_agg(user_id ORDER BY user_id) FILTER (WHERE has_other_role))[1:5], ', ')
      || CASE WHEN count(*) FILTER (WHERE has_other_role) > 5
        THEN ' and ' || count(*) FILTER (WHERE has_other_role) - 5 || ' more' ELSE '' END AS role_names,
    array_to_string((array_agg(user_id ORDER BY user_id) FILTER (WHERE has_other_details))[1:5], ', ')
      || CASE WHEN count(*) FILTER (WHERE has_other_details) > 5
        THEN ' and ' || count(*) FILTER (WHERE has_other_details) - 5 || ' more' ELSE '' END AS details_names,
    coalesce((array_agg(user_id ORDER BY user_id) FILTER (WHERE joins AND new_join_source = 0))[1:50], '{}') AS joining_users, coalesce((array_agg(user_id ORDER BY user_id) FILTER (WHERE leaves))[1:50], '{}') AS leaving_users,
    coalesce((array_agg(user_id ORDER BY user_id) FILTER (WHERE has_other_role))[1:50], '{}') AS role_users
  FROM changes
),
verdict AS (
  SELECT coalesce(known.verified_at > change.as_of AND NOT (known.verified_at > clock_timestamp()), false) AS is_outdated,
    counted.leaving > 50 AND counted.leaving > counted.members * 0.3 AND NOT payload.confirmed AS needs_confirmation,
    counted.is_too_recent,
    NOT payload.whole AND (
      counted.contradicts_callback
      OR (payload.info IS NULL AND coalesce(known.as_of > known.verified_at, false))
      OR coalesce(info."memberCount" <> counted.members + counted.joining - counted.leaving, false)
    ) AS needs_full_snapshot
  FROM counted, change, payload LEFT JOIN known ON true LEFT JOIN info ON true
),
accepted AS (
  SELECT payload.verified AND NOT verdict.needs_full_snapshot AND NOT verdict.is_too_recent AS is_verified
  FROM verdict, payload
  WHERE NOT is_outdated AND NOT needs_confirmation AND (payload.info IS NOT NULL OR EXISTS (SELECT FROM known))
),
planned AS (
  SELECT user_id,
    CASE WHEN is_listed THEN new_role_level ELSE old_role_level END AS role_level,
    CASE WHEN is_listed THEN new_nickname ELSE old_nickname END AS nickname,
    CASE WHEN is_listed THEN new_face_url ELSE old_face_url END AS face_url,
    CASE WHEN is_listed THEN new_ex ELSE old_ex END AS ex,
    CASE WHEN is_listed THEN new_join_source ELSE old_join_source END AS join_source,
    CASE WHEN is_listed THEN new_inviter_user_id ELSE old_inviter_user_id END AS inviter_user_id,
    CASE WHEN is_listed THEN new_join_time ELSE old_join_time END AS join_time,
    CASE WHEN is_listed THEN new_mute_end_time ELSE old_mute_end_time END AS mute_end_time,
    CASE WHEN NOT is_listed THEN change.as_of END AS left_at,
    CASE WHEN NOT is_listed AND (SELECT status = 2 FROM info) THEN 'dismissed' END AS left_cause,
    NULL AS left_reason,
    was_known AS old_exists, was_member AS old_is_member, old_valid_from, old_role_level, old_nickname, old_face_url, old_ex, old_join_source, old_inviter_user_id, old_join_time, old_mute_end_time
  FROM accepted, change, changes
  WHERE is_written OR leaves
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
  INSERT INTO groups AS g (group_id, group_name, notification, introduction, face_url, ex, need_verification, look_member_info, apply_member_friend, owner_user_id, status, creator_user_id, group_type, notification_update_time, notification_user_id, create_time, member_count, as_of, created_as_of, members_removed_at,
    synced_at, verified_at, full_snapshot_at, version_id, version, stale_since, stale_reason, known_since,
    revision)
  SELECT $1, info."groupName", info."notification", info."introduction", info."faceURL", info."ex", info."needVerification", info."lookMemberInfo", info."applyMemberFriend", info."ownerUserID", info."status", info."creatorUserID", info."groupType", info."notificationUpdateTime", info."notificationUserID", coalesce(info."createTime", known.create_time),
    counted.members + counted.joining - counted.leaving, change.as_of,
    CASE WHEN accepted.is_verified AND payload.info IS NOT NULL THEN least(info."createTime", change.as_of) END,
    CASE WHEN info.status = 2 AND payload.complete AND NOT EXISTS (SELECT FROM listed) THEN change.as_of END,
    now(), CASE WHEN accepted.is_verified THEN change.as_of END, CASE WHEN payload.whole THEN change.as_of END,
    payload."versionID", payload.version,
    CASE WHEN NOT accepted.is_verified THEN now() END,
    CASE WHEN NOT accepted.is_verified THEN 'it could not be read from OpenIM' || coalesce(': ' || payload.reason, '') END,
    CASE WHEN accepted.is_verified THEN change.as_of END,
    ((SELECT changed > 0 FROM member_summary) OR payload.info IS NOT NULL)::integer
  FROM accepted, counted, change, payload LEFT JOIN known ON true LEFT JOIN info ON true
  ON CONFLICT (group_id) DO UPDATE SET
    group_name = CASE WHEN ((g.as_of > clock_timestamp()) OR g.as_of <= excluded.as_of) THEN coalesce(excluded.group_name, g.group_name) ELSE coalesce(g.group_name, excluded.group_name) END,
    notification = CASE WHEN ((g.as_of > clock_timestamp()) OR g.as_of <= excluded.as_of) THEN coalesce(excluded.notification, g.notification) ELSE coalesce(g.notification, excluded.notification) END,
    introduction = CASE WHEN ((g.as_of > clock_timestamp()) OR g.as_of <= excluded.as_of) THEN coalesce(excluded.introduction, g.introduction) ELSE coalesce(g.introduction, excluded.introduction) END,
    face_url = CASE WHEN ((g.as_of > clock_timestamp()) OR g.as_of <= excluded.as_of) THEN coalesce(excluded.face_url, g.face_url) ELSE coalesce(g.face_url, excluded.face_url) END,
    ex = CASE WHEN ((g.as_of > clock_timestamp()) OR g.as_of <= excluded.as_of) THEN coalesce(excluded.ex, g.ex) ELSE coalesce(g.ex, excluded.ex) END,
    need_verification = CASE WHEN ((g.as_of > clock_timestamp()) OR g.as_of <= excluded.as_of) THEN coalesce(excluded.need_verification, g.need_verification) ELSE coalesce(g.need_verification, excluded.need_verification) END,
    look_member_info = CASE WHEN ((g.as_of > clock_timestamp()) OR g.as_of <= excluded.as_of) THEN coalesce(excluded.look_member_info, g.look_member_info) ELSE coalesce(g.look_member_info, excluded.look_member_info) END,
    apply_member_friend = CASE WHEN ((g.as_of > clock_timestamp()) OR g.as_of <= excluded.as_of) THEN coalesce(excluded.apply_member_friend, g.apply_member_friend) ELSE coalesce(g.apply_member_friend, excluded.apply_member_friend) END,
    owner_user_id = CASE WHEN ((g.as_of > clock_timestamp()) OR g.as_of <= excluded.as_of) THEN coalesce(excluded.owner_user_id, g.owner_user_id) ELSE coalesce(g.owner_user_id, excluded.owner_user_id) END,
    status = CASE WHEN ((g.as_of > clock_timestamp()) OR g.as_of <= excluded.as_of) THEN coalesce(excluded.status, g.status) ELSE coalesce(g.status, excluded.status) END,
    creator_user_id = CASE WHEN ((g.as_of > clock_timestamp()) OR g.as_of <= excluded.as_of) THEN coalesce(excluded.creator_user_id, g.creator_user_id) ELSE coalesce(g.creator_user_id, excluded.creator_user_id) END,
    group_type = CASE WHEN ((g.as_of > clock_timestamp()) OR g.as_of <= excluded.as_of) THEN coalesce(excluded.group_type, g.group_type) ELSE coalesce(g.group_type, excluded.group_type) END,
    notification_update_time = CASE WHEN ((g.as_of > clock_timestamp()) OR g.as_of <= excluded.as_of) THEN coalesce(excluded.notification_update_time, g.notification_update_time) ELSE coalesce(g.notification_update_time, excluded.notification_update_time) END,
    notification_user_id = CASE WHEN ((g.as_of > clock_timestamp()) OR g.as_of <= excluded.as_of) THEN coalesce(excluded.notification_user_id, g.notification_user_id) ELSE coalesce(g.notification_user_id, excluded.notification_user_id) END,
    create_time = excluded.create_time,
    member_count = excluded.member_count,
    as_of = CASE WHEN excluded.status IS NULL THEN g.as_of ELSE CASE WHEN (g.as_of > clock_timestamp()) THEN excluded.as_of ELSE greatest(g.as_of, excluded.as_of) END END,
    created_as_of = coalesce(g.created_as_of, excluded.created_as_of),
    members_removed_at = CASE WHEN NOT ((g.as_of > clock_timestamp()) OR g.as_of <= excluded.as_of) OR excluded.status IS NULL THEN g.members_removed_at
      WHEN excluded.members_removed_at IS NOT NULL THEN coalesce(g.members_removed_at, excluded.members_removed_at)
      WHEN excluded.status = 2 AND excluded.member_count = 0 THEN g.members_removed_at END,
    synced_at = excluded.synced_at,
    last_callback_at = CASE WHEN (g.last_callback_at > clock_timestamp()) THEN excluded.as_of ELSE g.last_callback_at END,
    verified_at = coalesce(excluded.verified_at, g.verified_at),
    full_snapshot_at = coalesce(excluded.full_snapshot_at, g.full_snapshot_at),
    known_since = coalesce(g.known_since, excluded.known_since),
    version_id = CASE WHEN excluded.verified_at IS NULL THEN g.version_id ELSE excluded.version_id END,
    version = CASE WHEN excluded.verified_at IS NULL THEN g.version ELSE excluded.version END,
    stale_since = CASE WHEN (SELECT needs_full_snapshot OR is_too_recent FROM verdict)
        OR (excluded.verified_at IS NOT NULL AND (coalesce(g.last_callback_at > excluded.as_of AND NOT (g.last_callback_at > clock_timestamp()), false) OR coalesce(g.stale_since > excluded.as_of AND NOT (g.stale_since > clock_timestamp()), false))) THEN g.stale_since
      WHEN excluded.verified_at IS NULL THEN coalesce(g.stale_since, excluded.stale_since) END,
    stale_reason = CASE WHEN (SELECT needs_full_snapshot OR is_too_recent FROM verdict)
        OR (excluded.verified_at IS NOT NULL AND (coalesce(g.last_callback_at > excluded.as_of AND NOT (g.last_callback_at > clock_timestamp()), false) OR coalesce(g.stale_since > excluded.as_of AND NOT (g.stale_since > clock_timestamp()), false))) THEN g.stale_reason
      WHEN excluded.verified_at IS NULL THEN excluded.stale_reason END,
    revision = g.revision + ((SELECT changed > 0 FROM member_summary) OR (g.create_time, g.member_count) IS DISTINCT FROM (excluded.create_time, excluded.member_count)
      OR (g.created_as_of IS NULL AND excluded.created_as_of IS NOT NULL)
      OR ((g.group_name, g.notification, g.introduction, g.face_url, g.ex, g.need_verification, g.look_member_info, g.apply_member_friend, g.owner_user_id, g.status, g.creator_user_id, g.group_type, g.notification_update_time, g.notification_user_id) IS DISTINCT FROM (CASE WHEN ((g.as_of > clock_timestamp()) OR g.as_of <= excluded.as_of) THEN coalesce(excluded.group_name, g.group_name) ELSE coalesce(g.group_name, excluded.group_name) END,
      CASE WHEN ((g.as_of > clock_timestamp()) OR g.as_of <= excluded.as_of) THEN coalesce(excluded.notification, g.notification) ELSE coalesce(g.notification, excluded.notification) END,
      CASE WHEN ((g.as_of > clock_timestamp()) OR g.as_of <= excluded.as_of) THEN coalesce(excluded.introduction, g.introduction) ELSE coalesce(g.introduction, excluded.introduction) END,
      CASE WHEN ((g.as_of > clock_timestamp()) OR g.as_of <= excluded.as_of) THEN coalesce(excluded.face_url, g.face_url) ELSE coalesce(g.face_url, excluded.face_url) END,
      CASE WHEN ((g.as_of > clock_timestamp()) OR g.as_of <= excluded.as_of) THEN coalesce(excluded.ex, g.ex) ELSE coalesce(g.ex, excluded.ex) END,
      CASE WHEN ((g.as_of > clock_timestamp()) OR g.as_of <= excluded.as_of) THEN coalesce(excluded.need_verification, g.need_verification) ELSE coalesce(g.need_verification, excluded.need_verification) END,
      CASE WHEN ((g.as_of > clock_timestamp()) OR g.as_of <= excluded.as_of) THEN coalesce(excluded.look_member_info, g.look_member_info) ELSE coalesce(g.look_member_info, excluded.look_member_info) END,
      CASE WHEN ((g.as_of > clock_timestamp()) OR g.as_of <= excluded.as_of) THEN coalesce(excluded.apply_member_friend, g.apply_member_friend) ELSE coalesce(g.apply_member_friend, excluded.apply_member_friend) END,
      CASE WHEN ((g.as_of > clock_timestamp()) OR g.as_of <= excluded.as_of) THEN coalesce(excluded.owner_user_id, g.owner_user_id) ELSE coalesce(g.owner_user_id, excluded.owner_user_id) END,
      CASE WHEN ((g.as_of > clock_timestamp()) OR g.as_of <= excluded.as_of) THEN coalesce(excluded.status, g.status) ELSE coalesce(g.status, excluded.status) END,
      CASE WHEN ((g.as_of > clock_timestamp()) OR g.as_of <= excluded.as_of) THEN coalesce(excluded.creator_user_id, g.creator_user_id) ELSE coalesce(g.creator_user_id, excluded.creator_user_id) END,
      CASE WHEN ((g.as_of > clock_timestamp()) OR g.as_of <= excluded.as_of) THEN coalesce(excluded.group_type, g.group_type) ELSE coalesce(g.group_type, excluded.group_type) END,
      CASE WHEN ((g.as_of > clock_timestamp()) OR g.as_of <= excluded.as_of) THEN coalesce(excluded.notification_update_time, g.notification_update_time) ELSE coalesce(g.notification_update_time, excluded.notification_update_time) END,
      CASE WHEN ((g.as_of > clock_timestamp()) OR g.as_of <= excluded.as_of) THEN coalesce(excluded.notification_user_id, g.notification_user_id) ELSE coalesce(g.notification_user_id, excluded.notification_user_id) END)))::integer
  RETURNING *
),
written_members AS (
  INSERT INTO group_members AS m (group_id, user_id, role_level, left_at, left_cause, left_reason, nickname, face_url, ex, join_source, inviter_user_id, join_time, mute_end_time, valid_from, as_of, synced_at)
  SELECT $1, user_id, planned.role_level, planned.left_at, planned.left_cause, planned.left_reason, planned.nickname, planned.face_url, planned.ex, planned.join_source, planned.inviter_user_id, planned.join_time, planned.mute_end_time, CASE WHEN old_exists AND (planned.left_at IS NOT NULL OR (old_is_member AND (planned.role_level = old_role_level OR old_role_level = 0)))
      THEN old_valid_from ELSE change.as_of END, change.as_of, now()
  FROM (SELECT count(*) FROM written_group) AS group_done, change, planned
  ORDER BY user_id COLLATE "C"
  ON CONFLICT (group_id, user_id) DO UPDATE SET
    role_level = excluded.role_level, left_at = excluded.left_at, left_cause = excluded.left_cause, left_reason = excluded.left_reason, nickname = excluded.nickname, face_url = excluded.face_url, ex = excluded.ex, join_source = excluded.join_source, inviter_user_id = excluded.inviter_user_id, join_time = excluded.join_time, mute_end_time = excluded.mute_end_time,
    valid_from = excluded.valid_from,
    as_of = CASE WHEN (m.as_of > clock_timestamp()) THEN excluded.as_of ELSE greatest(m.as_of, excluded.as_of) END,
    synced_at = excluded.synced_at
),
ended_periods AS (
  INSERT INTO group_member_periods (group_id, user_id, role_level, valid_from, valid_to, how)
  SELECT $1, user_id, old_role_level, old_valid_from, change.as_of, CASE change_kind WHEN 'left' THEN left_cause ELSE 'role' END
  FROM change, member_changes
  WHERE old_is_member AND (change_kind = 'left' OR (change_kind = 'role' AND old_role_level <> 0)) AND old_valid_from < change.as_of
  ON CONFLICT DO NOTHING
),
field_differences AS (
  SELECT known.verified_at IS NOT NULL OR known.created_as_of IS NOT NULL AS was_known,
    is_overwritten AND known.status <> info.status AS has_other_status,
    is_overwritten AND known.owner_user_id <> info."ownerUserID" AND info."ownerUserID" <> '' AS has_other_owner,
    CASE WHEN is_overwritten THEN array_remove(ARRAY[CASE WHEN known.group_name <> info."groupName" THEN 'groupName' END, CASE WHEN known.notification <> info."notification" THEN 'notification' END, CASE WHEN known.introduction <> info."introduction" THEN 'introduction' END, CASE WHEN known.face_url <> info."faceURL" THEN 'faceURL' END, CASE WHEN known.ex <> info."ex" THEN 'ex' END, CASE WHEN known.need_verification <> info."needVerification" THEN 'needVerification' END, CASE WHEN known.look_member_info <> info."lookMemberInfo" THEN 'lookMemberInfo' END, CASE WHEN known.apply_member_friend <> info."applyMemberFriend" THEN 'applyMemberFriend' END], NULL) ELSE '{}' END AS fields,
    (known.group_name, known.notification, known.introduction, known.face_url, known.ex, known.need_verification, known.look_member_info, known.apply_member_friend, known.owner_user_id, known.status, known.creator_user_id, known.group_type, known.notification_update_time, known.notification_user_id, known.create_time, known.member_count) IS DISTINCT FROM
      (info."groupName", info."notification", info."introduction", info."faceURL", info."ex", info."needVerification", info."lookMemberInfo", info."applyMemberFriend", info."ownerUserID", info."status", info."creatorUserID", info."groupType", info."notificationUpdateTime", info."notificationUserID", info."createTime", info."memberCount")
      AND info."createTime" IS NOT NULL AS group_differs,
    known.status AS old_status, info.status AS new_status, info."ownerUserID" AS owner, info."createTime" AS create_time
  FROM change LEFT JOIN known ON true LEFT JOIN info ON true
  CROSS JOIN LATERAL (SELECT ((known.as_of > clock_timestamp()) OR known.as_of <= change.as_of)) AS k(is_overwritten)
),
drift AS (
  SELECT r.* FROM accepted, field_differences d, counted c, payload, LATERAL (VALUES
    (CASE WHEN create_time > payload."watchedSince" THEN 'group' ELSE 'filled' END, NOT was_known, 1, (create_time > payload."watchedSince")::integer,
      'the group, with ' || c.members + c.joining - c.leaving || ' members', NULL::text[]),
    ('info', was_known, cardinality(fields), 1, array_to_string(fields, ', ') || ' had changed', NULL),
    ('dismissed', was_known AND has_other_status AND new_status = 2, 1, 1, 'the group had been dismissed', NULL),
    ('status', was_known AND has_other_status AND new_status <> 2, 1, 0,
      'the status had changed from ' || old_status || ' to ' || new_status, NULL),
    ('owner', was_known AND has_other_owner, 1, 1, owner || ' had become the owner', NULL),
    ('joined', was_known, c.joining, c.joining_directly, joining_names || ' had joined', joining_users),
    ('left', was_known, c.leaving, CASE WHEN has_other_status AND new_status = 2 THEN 0 ELSE 1 END,
      leaving_names || ' had left', leaving_users),
    ('role', was_known, c.other_roles, c.other_roles, 'the role had changed of ' || role_names, role_users),
    ('member', was_known, c.other_details, 0, 'other fields had changed of ' || details_names, NULL)
  ) AS r(kind, applies, differences, missed_callbacks, summary, user_ids)
  WHERE r.applies AND r.differences > 0
),
recorded AS (
  INSERT INTO group_changes (group_id, revision, recorded_at, position, kinds, source, cause, as_of, change, drift)
  SELECT $1, written_group.revision, clock_timestamp(), (SELECT position_offset FROM change_feed) + pg_current_xact_id()::text::bigint, array_remove(ARRAY[CASE WHEN written_group.created_as_of IS NOT NULL AND known.created_as_of IS DISTINCT FROM written_group.created_as_of THEN 'created' WHEN (known.group_name, known.notification, known.introduction, known.face_url, known.ex, known.need_verification, known.look_member_info, known.apply_member_friend) IS DISTINCT FROM (written_group.group_name, written_group.notification, written_group.introduction, written_group.face_url, written_group.ex, written_group.need_verification, written_group.look_member_info, written_group.apply_member_friend) THEN 'info' END,
      CASE WHEN known.status IS DISTINCT FROM written_group.status AND written_group.status = 2 THEN 'dismissed'
        WHEN known.status <> written_group.status THEN 'status' END,
      CASE WHEN known.owner_user_id <> written_group.owner_user_id THEN 'owner' END], NULL) || member_summary.kinds,
    CASE WHEN EXISTS (SELECT FROM drift WHERE kind = 'filled') THEN 'backfill' ELSE 'reconciliation' END, $4::uuid, change.as_of,
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
    )), (SELECT jsonb_agg(jsonb_strip_nulls(jsonb_build_object(
      'kind', kind, 'differences', differences, 'missedCallbacks', coalesce(missed_callbacks, 0), 'summary', summary,
      'userIDs', CASE WHEN missed_callbacks > 0 THEN to_jsonb(user_ids) END
    ))) FROM drift)
  FROM (SELECT count(*) FROM written_group) AS group_written, written_group LEFT JOIN known ON true CROSS JOIN change CROSS JOIN member_summary
  WHERE written_group.revision > coalesce(known.revision, 0)
)
SELECT
  CASE WHEN is_outdated THEN 'outdated' WHEN needs_confirmation THEN 'needsConfirmation'
    WHEN (SELECT is_verified FROM accepted) THEN 'verified' WHEN is_too_recent THEN 'tooRecent' ELSE 'unverified' END AS outcome,
  needs_full_snapshot AS "needsFullSnapshot",
  (SELECT count(*) FROM planned)::integer + coalesce((SELECT group_differs FROM field_differences), false)::integer AS differing,
  (SELECT coalesce(json_agg(json_build_object('kind', kind, 'differences', differences, 'summary', summary)), '[]')
    FROM drift) AS drift
FROM verdict

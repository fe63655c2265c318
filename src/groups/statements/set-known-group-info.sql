-- Generated from set-known-group-info.ts by "npm run sql".
WITH patched AS (
  SELECT *, (group_name, notification, introduction, face_url, ex, need_verification, look_member_info, apply_member_friend) IS DISTINCT FROM (old_group_name, old_notification, old_introduction, old_face_url, old_ex, old_need_verification, old_look_member_info, old_apply_member_friend) AS differs
  FROM (
    SELECT change.as_of, known.revision, known.group_name AS old_group_name, known.notification AS old_notification, known.introduction AS old_introduction, known.face_url AS old_face_url, known.ex AS old_ex, known.need_verification AS old_need_verification, known.look_member_info AS old_look_member_info, known.apply_member_friend AS old_apply_member_friend, coalesce(payload."groupName", known.group_name) AS group_name, coalesce(payload."notification", known.notification) AS notification, coalesce(payload."introduction", known.introduction) AS introduction, coalesce(payload."faceURL", known.face_url) AS face_url, coalesce(payload."ex", known.ex) AS ex, coalesce(payload."needVerification", known.need_verification) AS need_verification, coalesce(payload."lookMemberInfo", known.look_member_info) AS look_member_info, coalesce(payload."applyMemberFriend", known.apply_member_friend) AS apply_member_friend,
      CASE WHEN (known.as_of > change.as_of - interval '15 seconds' AND known.as_of IS DISTINCT FROM known.created_as_of) AND (payload."groupName" <> known.group_name OR payload."notification" <> known.notification OR payload."introduction" <> known.introduction OR payload."faceURL" <> known.face_url OR payload."ex" <> known.ex OR payload."needVerification" <> known.need_verification OR payload."lookMemberInfo" <> known.look_member_info OR payload."applyMemberFriend" <> known.apply_member_friend) THEN 'the order of two callbacks is not known' END AS stale
    FROM (
      SELECT
    CASE current_setting('transaction_isolation') WHEN 'repeatable read' THEN coalesce($3::timestamptz, clock_timestamp())
    ELSE current_setting('openim_group_sync.needs_repeatable_read')::timestamptz END AS as_of
    ) AS change JOIN groups AS known ON known.group_id = $1
      CROSS JOIN json_to_record($2::json) AS payload("groupName" text, "notification" text, "introduction" text, "faceURL" text, "ex" text, "needVerification" integer, "lookMemberInfo" integer, "applyMemberFriend" integer)
    WHERE ($3::timestamptz IS NULL OR known.as_of <= change.as_of) AND ($3::timestamptz IS NULL OR known.verified_at IS NULL OR known.verified_at <= $3)
    OFFSET 0
  ) AS patch
),
written_group AS (
  UPDATE groups g SET
    (group_name, notification, introduction, face_url, ex, need_verification, look_member_info, apply_member_friend) = ROW(patched.group_name, patched.notification, patched.introduction, patched.face_url, patched.ex, patched.need_verification, patched.look_member_info, patched.apply_member_friend),
    as_of = CASE WHEN (g.as_of > clock_timestamp()) THEN patched.as_of ELSE greatest(g.as_of, patched.as_of) END,
    synced_at = now(),
    last_callback_at = clock_timestamp(),
    stale_since = CASE WHEN patched.stale IS NULL THEN g.stale_since ELSE coalesce(g.stale_since, now()) END,
    stale_reason = CASE WHEN (g.stale_reason IS NULL OR g.stale_reason = 'its creation was not received') THEN coalesce(patched.stale, g.stale_reason) ELSE g.stale_reason END,
    revision = g.revision + patched.differs::integer
  FROM patched WHERE g.group_id = $1
  RETURNING 1
),
recorded AS (
  INSERT INTO group_changes (group_id, revision, recorded_at, position, kinds, source, cause, as_of, change, drift)
  SELECT $1, revision + 1, clock_timestamp(), (SELECT position_offset FROM change_feed) + pg_current_xact_id()::text::bigint, '{info}',
    CASE WHEN $11::uuid IS NULL THEN 'callback' ELSE 'replay' END, $4::uuid, as_of,
    jsonb_strip_nulls(jsonb_build_object(
      'group', jsonb_build_object(
        'groupName', CASE WHEN old_group_name IS DISTINCT FROM group_name THEN jsonb_build_array(old_group_name, group_name) END,
        'notification', CASE WHEN old_notification IS DISTINCT FROM notification THEN jsonb_build_array(old_notification, notification) END,
        'introduction', CASE WHEN old_introduction IS DISTINCT FROM introduction THEN jsonb_build_array(old_introduction, introduction) END,
        'faceURL', CASE WHEN old_face_url IS DISTINCT FROM face_url THEN jsonb_build_array(old_face_url, face_url) END,
        'ex', CASE WHEN old_ex IS DISTINCT FROM ex THEN jsonb_build_array(old_ex, ex) END,
        'needVerification', CASE WHEN old_need_verification IS DISTINCT FROM need_verification THEN jsonb_build_array(old_need_verification, need_verification) END,
        'lookMemberInfo', CASE WHEN old_look_member_info IS DISTINCT FROM look_member_info THEN jsonb_build_array(old_look_member_info, look_member_info) END,
        'applyMemberFriend', CASE WHEN old_apply_member_friend IS DISTINCT FROM apply_member_friend THEN jsonb_build_array(old_apply_member_friend, apply_member_friend) END
      ),
      'members', NULL,
      'moreMembers', NULL
    )), NULL
  FROM (SELECT count(*) FROM written_group) AS group_written, patched WHERE differs
),
logged AS (
  INSERT INTO callback_deliveries (id, command, operation_id, group_id, summary, duration_ms, body, replay_of, problems, received_at, outcome)
  SELECT $4::uuid, $5, $6, $7, $8,
    $9::real + extract(epoch FROM clock_timestamp() - statement_timestamp()) * 1000, $10::bytea, $11::uuid,
    $12::text, date_trunc('milliseconds', coalesce(CASE WHEN $11::uuid IS NULL THEN $3::timestamptz END, clock_timestamp())), CASE WHEN differs THEN 'applied' ELSE 'unchanged' END
  FROM patched
  WHERE $4::uuid IS NOT NULL)
SELECT differs AS changed FROM patched

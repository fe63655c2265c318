-- Generated from set-group-info.ts by "npm run sql".
WITH
known AS (SELECT * FROM groups WHERE group_id = $1),
change AS (
  SELECT
    CASE current_setting('transaction_isolation') WHEN 'repeatable read' THEN coalesce($3::timestamptz, clock_timestamp())
    ELSE current_setting('openim_group_sync.needs_repeatable_read')::timestamptz END AS as_of
  WHERE $3::timestamptz IS NULL OR NOT EXISTS (SELECT FROM known WHERE verified_at > $3)
),
payload AS (SELECT * FROM json_to_record($2::json) AS t("groupName" text, "notification" text, "introduction" text, "faceURL" text, "ex" text, "needVerification" integer, "lookMemberInfo" integer, "applyMemberFriend" integer)),
member_summary AS (SELECT 0 AS changed, '{}'::text[] AS kinds, NULL::jsonb AS members),
merged AS (
  SELECT reported.*, (reported.group_name, reported.notification, reported.introduction, reported.face_url, reported.ex, reported.need_verification, reported.look_member_info, reported.apply_member_friend) IS DISTINCT FROM (known.group_name, known.notification, known.introduction, known.face_url, known.ex, known.need_verification, known.look_member_info, known.apply_member_friend) AS differs
  FROM (
    SELECT CASE WHEN ($3::timestamptz IS NULL OR known.as_of <= change.as_of) THEN coalesce(payload."groupName", known.group_name) ELSE coalesce(known.group_name, payload."groupName") END AS group_name,
      CASE WHEN ($3::timestamptz IS NULL OR known.as_of <= change.as_of) THEN coalesce(payload."notification", known.notification) ELSE coalesce(known.notification, payload."notification") END AS notification,
      CASE WHEN ($3::timestamptz IS NULL OR known.as_of <= change.as_of) THEN coalesce(payload."introduction", known.introduction) ELSE coalesce(known.introduction, payload."introduction") END AS introduction,
      CASE WHEN ($3::timestamptz IS NULL OR known.as_of <= change.as_of) THEN coalesce(payload."faceURL", known.face_url) ELSE coalesce(known.face_url, payload."faceURL") END AS face_url,
      CASE WHEN ($3::timestamptz IS NULL OR known.as_of <= change.as_of) THEN coalesce(payload."ex", known.ex) ELSE coalesce(known.ex, payload."ex") END AS ex,
      CASE WHEN ($3::timestamptz IS NULL OR known.as_of <= change.as_of) THEN coalesce(payload."needVerification", known.need_verification) ELSE coalesce(known.need_verification, payload."needVerification") END AS need_verification,
      CASE WHEN ($3::timestamptz IS NULL OR known.as_of <= change.as_of) THEN coalesce(payload."lookMemberInfo", known.look_member_info) ELSE coalesce(known.look_member_info, payload."lookMemberInfo") END AS look_member_info,
      CASE WHEN ($3::timestamptz IS NULL OR known.as_of <= change.as_of) THEN coalesce(payload."applyMemberFriend", known.apply_member_friend) ELSE coalesce(known.apply_member_friend, payload."applyMemberFriend") END AS apply_member_friend
    FROM change CROSS JOIN payload LEFT JOIN known ON true OFFSET 0
  ) AS reported LEFT JOIN known ON true
),
effect AS (
  SELECT 0 AS delta,
    true AS touched,
    known.group_id IS NULL OR merged.differs AS changed,
    CASE WHEN (known.as_of > change.as_of - interval '15 seconds' AND known.as_of IS DISTINCT FROM known.created_as_of) AND (payload."groupName" <> known.group_name OR payload."notification" <> known.notification OR payload."introduction" <> known.introduction OR payload."faceURL" <> known.face_url OR payload."ex" <> known.ex OR payload."needVerification" <> known.need_verification OR payload."lookMemberInfo" <> known.look_member_info OR payload."applyMemberFriend" <> known.apply_member_friend) THEN 'the order of two callbacks is not known' END AS stale
  FROM change, payload, merged LEFT JOIN known ON true
  WHERE known.as_of IS NULL OR ($3::timestamptz IS NULL OR known.as_of <= change.as_of)
    OR merged.differs
),
written_group AS (
  INSERT INTO groups (group_id, create_time, group_name, notification, introduction, face_url, ex, need_verification, look_member_info, apply_member_friend, member_count, as_of, synced_at, last_callback_at, stale_since, stale_reason, revision)
  SELECT $1, change.as_of, merged.group_name, merged.notification, merged.introduction, merged.face_url, merged.ex, merged.need_verification, merged.look_member_info, merged.apply_member_friend,
    greatest(coalesce(known.member_count, 0) + effect.delta, 0),
    CASE WHEN (known.as_of > clock_timestamp()) THEN change.as_of ELSE greatest(known.as_of, change.as_of) END, now(), clock_timestamp(),
    CASE WHEN effect.stale IS NULL AND known.group_id IS NOT NULL THEN known.stale_since ELSE coalesce(known.stale_since, now()) END,
    CASE WHEN (known.stale_reason IS NULL OR known.stale_reason = 'its creation was not received') THEN coalesce(effect.stale, CASE WHEN known.group_id IS NULL THEN 'its creation was not received' ELSE known.stale_reason END) ELSE known.stale_reason END,
    coalesce(known.revision, 0) + ((SELECT changed > 0 FROM member_summary) OR merged.differs)::integer
  FROM change CROSS JOIN effect CROSS JOIN merged LEFT JOIN known ON true
  WHERE effect.touched
  ON CONFLICT (group_id) DO UPDATE SET
    group_name = excluded.group_name, notification = excluded.notification, introduction = excluded.introduction, face_url = excluded.face_url, ex = excluded.ex, need_verification = excluded.need_verification, look_member_info = excluded.look_member_info, apply_member_friend = excluded.apply_member_friend, member_count = excluded.member_count, as_of = excluded.as_of, synced_at = excluded.synced_at, last_callback_at = excluded.last_callback_at, stale_since = excluded.stale_since, stale_reason = excluded.stale_reason, revision = excluded.revision
  RETURNING *
),
recorded AS (
  INSERT INTO group_changes (group_id, revision, recorded_at, position, kinds, source, cause, as_of, change, drift)
  SELECT $1, written_group.revision, clock_timestamp(), (SELECT position_offset FROM change_feed) + pg_current_xact_id()::text::bigint, array_remove(ARRAY[CASE WHEN (known.group_name, known.notification, known.introduction, known.face_url, known.ex, known.need_verification, known.look_member_info, known.apply_member_friend) IS DISTINCT FROM (written_group.group_name, written_group.notification, written_group.introduction, written_group.face_url, written_group.ex, written_group.need_verification, written_group.look_member_info, written_group.apply_member_friend) THEN 'info' END], NULL) || member_summary.kinds,
    CASE WHEN $11::uuid IS NULL THEN 'callback' ELSE 'replay' END, $4::uuid, change.as_of,
    jsonb_strip_nulls(jsonb_build_object(
      'group', jsonb_build_object(
        'groupName', CASE WHEN known.group_name IS DISTINCT FROM written_group.group_name THEN jsonb_build_array(known.group_name, written_group.group_name) END,
        'notification', CASE WHEN known.notification IS DISTINCT FROM written_group.notification THEN jsonb_build_array(known.notification, written_group.notification) END,
        'introduction', CASE WHEN known.introduction IS DISTINCT FROM written_group.introduction THEN jsonb_build_array(known.introduction, written_group.introduction) END,
        'faceURL', CASE WHEN known.face_url IS DISTINCT FROM written_group.face_url THEN jsonb_build_array(known.face_url, written_group.face_url) END,
        'ex', CASE WHEN known.ex IS DISTINCT FROM written_group.ex THEN jsonb_build_array(known.ex, written_group.ex) END,
        'needVerification', CASE WHEN known.need_verification IS DISTINCT FROM written_group.need_verification THEN jsonb_build_array(known.need_verification, written_group.need_verification) END,
        'lookMemberInfo', CASE WHEN known.look_member_info IS DISTINCT FROM written_group.look_member_info THEN jsonb_build_array(known.look_member_info, written_group.look_member_info) END,
        'applyMemberFriend', CASE WHEN known.apply_member_friend IS DISTINCT FROM written_group.apply_member_friend THEN jsonb_build_array(known.apply_member_friend, written_group.apply_member_friend) END
      ),
      'members', member_summary.members,
      'moreMembers', nullif(greatest(member_summary.changed - 1000, 0), 0)
    )), NULL
  FROM (SELECT count(*) FROM written_group) AS group_written, written_group LEFT JOIN known ON true CROSS JOIN change CROSS JOIN member_summary
  WHERE written_group.revision > coalesce(known.revision, 0)
),
done AS (SELECT coalesce(bool_or(changed), false) AS changed FROM effect),
logged AS (
  INSERT INTO callback_deliveries (id, command, operation_id, group_id, summary, duration_ms, body, replay_of, problems, received_at, outcome)
  SELECT $4::uuid, $5, $6, $7, $8,
    $9::real + extract(epoch FROM clock_timestamp() - statement_timestamp()) * 1000, $10::bytea, $11::uuid,
    $12::text, date_trunc('milliseconds', coalesce(CASE WHEN $11::uuid IS NULL THEN $3::timestamptz END, clock_timestamp())), CASE WHEN done.changed THEN 'applied' ELSE 'unchanged' END
  FROM done
  WHERE $4::uuid IS NOT NULL
)
SELECT changed FROM done

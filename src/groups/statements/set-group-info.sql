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
effect AS (
  SELECT 0 AS delta,
    true AS touched,
    (known.group_id IS NULL OR (payload."groupName" IS NOT NULL AND payload."groupName" IS DISTINCT FROM known.group_name) OR (payload."notification" IS NOT NULL AND payload."notification" IS DISTINCT FROM known.notification) OR (payload."introduction" IS NOT NULL AND payload."introduction" IS DISTINCT FROM known.introduction) OR (payload."faceURL" IS NOT NULL AND payload."faceURL" IS DISTINCT FROM known.face_url) OR (payload."ex" IS NOT NULL AND payload."ex" IS DISTINCT FROM known.ex) OR (payload."needVerification" IS NOT NULL AND payload."needVerification" IS DISTINCT FROM known.need_verification) OR (payload."lookMemberInfo" IS NOT NULL AND payload."lookMemberInfo" IS DISTINCT FROM known.look_member_info) OR (payload."applyMemberFriend" IS NOT NULL AND payload."applyMemberFriend" IS DISTINCT FROM known.apply_member_friend))
      AS changed,
    CASE WHEN (known.as_of > change.as_of - interval '15 seconds' AND known.as_of IS DISTINCT FROM known.created_as_of) AND (payload."groupName" <> known.group_name OR payload."notification" <> known.notification OR payload."introduction" <> known.introduction OR payload."faceURL" <> known.face_url OR payload."ex" <> known.ex OR payload."needVerification" <> known.need_verification OR payload."lookMemberInfo" <> known.look_member_info OR payload."applyMemberFriend" <> known.apply_member_friend) THEN 'the order of two callbacks is not known' END AS stale
  FROM change, payload LEFT JOIN known ON true
  WHERE known.as_of IS NULL OR ($3::timestamptz IS NULL OR known.as_of <= change.as_of)
    OR (payload."groupName" IS NOT NULL AND known.group_name IS NULL) OR (payload."notification" IS NOT NULL AND known.notification IS NULL) OR (payload."introduction" IS NOT NULL AND known.introduction IS NULL) OR (payload."faceURL" IS NOT NULL AND known.face_url IS NULL) OR (payload."ex" IS NOT NULL AND known.ex IS NULL) OR (payload."needVerification" IS NOT NULL AND known.need_verification IS NULL) OR (payload."lookMemberInfo" IS NOT NULL AND known.look_member_info IS NULL) OR (payload."applyMemberFriend" IS NOT NULL AND known.apply_member_friend IS NULL)
),
written_group AS (
  INSERT INTO groups AS g (group_id, group_name, notification, introduction, face_url, ex, need_verification, look_member_info, apply_member_friend, create_time, member_count, as_of, synced_at, last_callback_at,
    stale_since, stale_reason)
  SELECT $1, payload."groupName", payload."notification", payload."introduction", payload."faceURL", payload."ex", payload."needVerification", payload."lookMemberInfo", payload."applyMemberFriend", change.as_of, greatest(effect.delta, 0), change.as_of, now(), clock_timestamp(), now(),
    coalesce(effect.stale, 'its creation was not received')
  FROM change, effect, payload
  WHERE effect.touched
  ON CONFLICT (group_id) DO UPDATE SET
    group_name = CASE WHEN ($3::timestamptz IS NULL OR g.as_of <= excluded.as_of)
      THEN coalesce(excluded.group_name, g.group_name) ELSE coalesce(g.group_name, excluded.group_name) END,
    notification = CASE WHEN ($3::timestamptz IS NULL OR g.as_of <= excluded.as_of)
      THEN coalesce(excluded.notification, g.notification) ELSE coalesce(g.notification, excluded.notification) END,
    introduction = CASE WHEN ($3::timestamptz IS NULL OR g.as_of <= excluded.as_of)
      THEN coalesce(excluded.introduction, g.introduction) ELSE coalesce(g.introduction, excluded.introduction) END,
    face_url = CASE WHEN ($3::timestamptz IS NULL OR g.as_of <= excluded.as_of)
      THEN coalesce(excluded.face_url, g.face_url) ELSE coalesce(g.face_url, excluded.face_url) END,
    ex = CASE WHEN ($3::timestamptz IS NULL OR g.as_of <= excluded.as_of)
      THEN coalesce(excluded.ex, g.ex) ELSE coalesce(g.ex, excluded.ex) END,
    need_verification = CASE WHEN ($3::timestamptz IS NULL OR g.as_of <= excluded.as_of)
      THEN coalesce(excluded.need_verification, g.need_verification) ELSE coalesce(g.need_verification, excluded.need_verification) END,
    look_member_info = CASE WHEN ($3::timestamptz IS NULL OR g.as_of <= excluded.as_of)
      THEN coalesce(excluded.look_member_info, g.look_member_info) ELSE coalesce(g.look_member_info, excluded.look_member_info) END,
    apply_member_friend = CASE WHEN ($3::timestamptz IS NULL OR g.as_of <= excluded.as_of)
      THEN coalesce(excluded.apply_member_friend, g.apply_member_friend) ELSE coalesce(g.apply_member_friend, excluded.apply_member_friend) END,
    member_count = greatest(g.member_count + (SELECT delta FROM effect), 0),
    as_of = CASE WHEN (g.as_of > clock_timestamp()) THEN excluded.as_of ELSE greatest(g.as_of, excluded.as_of) END,
    synced_at = excluded.synced_at,
    last_callback_at = excluded.last_callback_at,
    stale_since = CASE WHEN (SELECT stale FROM effect) IS NULL THEN g.stale_since ELSE coalesce(g.stale_since, now()) END,
    stale_reason = CASE WHEN (g.stale_reason IS NULL OR g.stale_reason = 'its creation was not received') THEN coalesce((SELECT stale FROM effect), g.stale_reason) ELSE g.stale_reason END
  RETURNING 1
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

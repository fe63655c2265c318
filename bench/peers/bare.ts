import { Pool } from 'pg';
import { serveBare } from '../bare-server.js';

/** Writes a group and its members in one statement, without a log. A member that is listed twice has the higher role. */
const UPSERT = `
  WITH written AS (
    INSERT INTO groups
    SELECT t.*, now()
    FROM json_to_record($1::json) AS t("groupID" text, "groupName" text, "notification" text, "introduction" text, "faceURL" text,
      "ownerUserID" text, "createTime" bigint, "memberCount" integer, "ex" text, "status" integer, "creatorUserID" text,
      "groupType" integer, "needVerification" integer, "lookMemberInfo" integer, "applyMemberFriend" integer,
      "notificationUpdateTime" bigint, "notificationUserID" text)
    ON CONFLICT (group_id) DO UPDATE SET group_name = excluded.group_name, notification = excluded.notification,
      introduction = excluded.introduction, face_url = excluded.face_url, owner_user_id = excluded.owner_user_id,
      create_time = excluded.create_time, member_count = excluded.member_count, ex = excluded.ex, status = excluded.status,
      creator_user_id = excluded.creator_user_id, group_type = excluded.group_type,
      need_verification = excluded.need_verification, look_member_info = excluded.look_member_info,
      apply_member_friend = excluded.apply_member_friend, notification_update_time = excluded.notification_update_time,
      notification_user_id = excluded.notification_user_id, updated_at = excluded.updated_at
  )
  INSERT INTO group_members (group_id, user_id, role_level)
  SELECT $2, * FROM unnest($3::text[], $4::integer[])
  ON CONFLICT (group_id, user_id) DO UPDATE SET role_level = excluded.role_level, updated_at = excluded.updated_at`;

interface Body {
  readonly groupID: string;
  readonly initMemberList: { userID: string; roleLevel: number }[];
}

const [databaseUrl, port] = process.argv.slice(2);
const pool = new Pool({ connectionString: databaseUrl, max: 10 });

serveBare(Number(port), (_path, body) => {
  const { initMemberList, ...group } = JSON.parse(body.toString()) as Body;
  const members = new Map<string, number>();
  for (const { userID, roleLevel } of initMemberList) {
    members.set(userID, Math.max(members.get(userID) ?? 0, roleLevel));
  }
  return pool.query({
    name: 'upsert',
    text: UPSERT,
    values: [JSON.stringify(group), group.groupID, [...members.keys()], [...members.values()]],
  });
});

import type { GroupInfo } from '../../openim/openim-answers.js';

/** The columns of a group that OpenIM tells whole (protocol/sdkws, GroupInfo) and callbacks may change, with their fields. */
export const GROUP_FIELDS = {
  group_name: '"groupName"',
  notification: 'notification',
  introduction: 'introduction',
  face_url: '"faceURL"',
  owner_user_id: '"ownerUserID"',
  ex: 'ex',
  status: 'status',
  creator_user_id: '"creatorUserID"',
  group_type: '"groupType"',
  need_verification: '"needVerification"',
  look_member_info: '"lookMemberInfo"',
  apply_member_friend: '"applyMemberFriend"',
  notification_update_time: '"notificationUpdateTime"',
  notification_user_id: '"notificationUserID"',
};

/** The same and `createTime`, for json_to_record. */
export const GROUP_RECORD = `
      "groupName" text, notification text, introduction text, "faceURL" text, "ownerUserID" text, "createTime" timestamptz,
      ex text, status integer, "creatorUserID" text, "groupType" integer, "needVerification" integer,
      "lookMemberInfo" integer, "applyMemberFriend" integer, "notificationUpdateTime" timestamptz, "notificationUserID" text`;

/** A group's fields, all that OpenIM tells of it but the number of its members. */
export type GroupFields = Omit<GroupInfo, 'groupID' | 'memberCount'>;

import type { GroupInfo } from '../../openim/openim-answers.js';

/** The fields of a group that OpenIM reports whole and callbacks may change. */
export type GroupFields = Omit<GroupInfo, 'groupID' | 'memberCount'>;

/** A column of a table, and the JSON field with its value. */
export interface Field {
  readonly column: string;
  /** Quoted for SQL. */
  readonly json: string;
  readonly type: 'text' | 'integer' | 'timestamptz';
}

const field = (column: string, json: string, type: Field['type'] = 'text'): Field => ({
  column,
  json: `"${json}"`,
  type,
});

/** The fields of a group that its members may change (protocol/group, SetGroupInfoReq). */
export const GROUP_INFO_FIELDS: readonly Field[] = [
  field('group_name', 'groupName'),
  field('notification', 'notification'),
  field('introduction', 'introduction'),
  field('face_url', 'faceURL'),
  field('ex', 'ex'),
  field('need_verification', 'needVerification', 'integer'),
  field('look_member_info', 'lookMemberInfo', 'integer'),
  field('apply_member_friend', 'applyMemberFriend', 'integer'),
];

/** All fields of `GroupFields` but `createTime`, which only a creation and a snapshot write. */
export const GROUP_FIELDS: readonly Field[] = [
  ...GROUP_INFO_FIELDS,
  field('owner_user_id', 'ownerUserID'),
  field('status', 'status', 'integer'),
  field('creator_user_id', 'creatorUserID'),
  field('group_type', 'groupType', 'integer'),
  field('notification_update_time', 'notificationUpdateTime', 'timestamptz'),
  field('notification_user_id', 'notificationUserID'),
];

/** The fields of a member beside the key that OpenIM reports (protocol/sdkws, GroupMemberFullInfo). */
export const MEMBER_FIELDS: readonly Field[] = [
  field('role_level', 'roleLevel', 'integer'),
  field('nickname', 'nickname'),
  field('face_url', 'faceURL'),
  field('ex', 'ex'),
  field('join_source', 'joinSource', 'integer'),
  field('inviter_user_id', 'inviterUserID'),
  field('join_time', 'joinTime', 'timestamptz'),
  field('mute_end_time', 'muteEndTime', 'timestamptz'),
];

/** Column definitions of json_to_record. */
export const recordType = (fields: readonly Field[]): string =>
  fields.map(({ json, type }) => `${json} ${type}`).join(', ');

export const columns = (fields: readonly Field[], table = ''): string =>
  fields.map(({ column }) => `${table && `${table}.`}${column}`).join(', ');

export const values = (fields: readonly Field[], table: string): string =>
  fields.map(({ json }) => `${table}.${json}`).join(', ');

/** The name of the JSON field as a literal. */
export const jsonKey = ({ json }: Field): string => `'${json.slice(1, -1)}'`;

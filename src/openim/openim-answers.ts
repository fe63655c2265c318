import { OpenImAnswerError } from './openim-error.js';
import { AnswerFields, isObject, type Json } from './openim-fields.js';

/** A group (protocol/sdkws, GroupInfo). Times are texts for PostgreSQL. */
export interface GroupInfo {
  groupID: string;
  groupName: string;
  notification: string;
  introduction: string;
  faceURL: string;
  ownerUserID: string;
  createTime: string;
  /** How many members it has at this moment. */
  memberCount: number;
  ex: string;
  status: number;
  creatorUserID: string;
  groupType: number;
  needVerification: number;
  lookMemberInfo: number;
  applyMemberFriend: number;
  notificationUpdateTime: string;
  notificationUserID: string;
}

/** A member (protocol/sdkws, GroupMemberFullInfo). Nickname and face are those of the user where the member has none. */
export interface GroupMemberInfo {
  userID: string;
  roleLevel: number;
  nickname: string;
  faceURL: string;
  ex: string;
  joinSource: number;
  inviterUserID: string;
  joinTime: string;
  muteEndTime: string;
}

/** A version of a group: every change of it or its members makes it one more (pkg/common/storage/database/mgo/version_log.go). */
export interface GroupVersion {
  groupID: string;
  /** The id of the group's version log; "": none known. */
  versionID: string;
  version: number;
}

/** What changed of a group since a version. */
export interface GroupChanges extends GroupVersion {
  /** Too much did, or the version is not known: nothing is told but the version now, and mostly `group`. */
  full: boolean;
  /** Who came in or changed, each once. */
  changed: GroupMemberInfo[];
  /** Who left. */
  left: string[];
  /** The group, where it or its members changed. */
  group?: GroupInfo;
}

/** What an answer says of each of several groups: one that cannot be read takes no other one with it. */
export type PerGroup<T> = Map<string, T | OpenImAnswerError>;

/** The groups of a list. One without a groupID is left out: nothing could be asked about it. */
export function toGroupInfos(list: unknown[]): PerGroup<GroupInfo> {
  const infos: PerGroup<GroupInfo> = new Map();
  for (const json of list) {
    if (isObject(json) && typeof json['groupID'] === 'string' && json['groupID'] !== '') {
      infos.set(
        json['groupID'],
        readable(() => toGroupInfo(json)),
      );
    }
  }
  return infos;
}

/**
 * The members of a list.
 * @throws OpenImAnswerError where one of them cannot be read
 */
export const toGroupMembers = (list: unknown[]): GroupMemberInfo[] => list.map(toGroupMemberInfo);

/** What changed, of each group of a batch. */
export const toGroupChanges = (respList: Json): PerGroup<GroupChanges> =>
  new Map(
    Object.entries(respList).map(([groupID, json]) => [groupID, readable(() => toChanges(groupID, json))]),
  );

function readable<T>(read: () => T): T | OpenImAnswerError {
  try {
    return read();
  } catch (error) {
    if (error instanceof OpenImAnswerError) {
      return error;
    }
    throw error;
  }
}

function toGroupInfo(json: Json): GroupInfo {
  const fields = new AnswerFields(json, 'a group');
  return {
    groupID: fields.id('groupID'),
    groupName: fields.text('groupName'),
    notification: fields.text('notification'),
    introduction: fields.text('introduction'),
    faceURL: fields.text('faceURL'),
    ownerUserID: fields.text('ownerUserID'),
    createTime: fields.time('createTime'),
    memberCount: fields.count('memberCount'),
    ex: fields.text('ex'),
    status: fields.int32('status'),
    creatorUserID: fields.text('creatorUserID'),
    groupType: fields.int32('groupType'),
    needVerification: fields.int32('needVerification'),
    lookMemberInfo: fields.int32('lookMemberInfo'),
    applyMemberFriend: fields.int32('applyMemberFriend'),
    notificationUpdateTime: fields.time('notificationUpdateTime'),
    notificationUserID: fields.text('notificationUserID'),
  };
}

function toGroupMemberInfo(json: unknown): GroupMemberInfo {
  const fields = new AnswerFields(json, 'a member');
  return {
    userID: fields.id('userID'),
    roleLevel: fields.int32('roleLevel'),
    nickname: fields.text('nickname'),
    faceURL: fields.text('faceURL'),
    ex: fields.text('ex'),
    joinSource: fields.int32('joinSource'),
    inviterUserID: fields.text('inviterUserID'),
    joinTime: fields.time('joinTime'),
    muteEndTime: fields.time('muteEndTime'),
  };
}

function toChanges(groupID: string, json: unknown): GroupChanges {
  const fields = new AnswerFields(json, 'what changed');
  const changed = toGroupMembers([...fields.list('insert'), ...fields.list('update')]);
  const group = (json as Json)['group'] ?? undefined;
  return {
    groupID,
    versionID: fields.text('versionID'),
    version: fields.count('version'),
    full: fields.boolean('full'),
    changed: [...new Map(changed.map((member) => [member.userID, member])).values()],
    left: fields.texts('delete'),
    ...(group !== undefined && { group: toGroupInfo(group as Json) }),
  };
}

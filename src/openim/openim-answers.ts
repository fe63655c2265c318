import { storableText } from '../storable-text.js';
import { storableTime } from '../storable-time.js';

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

type Json = Record<string, unknown>;

const isObject = (value: unknown): value is Json => typeof value === 'object' && value !== null;

/** OpenIM's encoder leaves out or nulls what is zero: both are Go's zero value. */
const list = (value: unknown): unknown[] => (Array.isArray(value) ? value : []);
export const objects = (value: unknown): Json[] => list(value).filter(isObject);
export const text = (value: unknown): string => (typeof value === 'string' ? storableText(value) : '');
export const whole = (value: unknown): number =>
  typeof value === 'number' && Number.isSafeInteger(value) ? value : 0;
const int32 = (value: unknown): number => Math.max(-(2 ** 31), Math.min(whole(value), 2 ** 31 - 1));
const time = (value: unknown): string => storableTime(whole(value));

/** The groups of a list. One without a groupID is none: nothing could be asked about it. */
export const toGroupInfos = (value: unknown): GroupInfo[] =>
  objects(value)
    .map(toGroupInfo)
    .filter(({ groupID }) => groupID !== '');

/** The members of a list. One without a userID is none: then the list is shorter than OpenIM's count, and is not believed. */
export const toGroupMembers = (value: unknown): GroupMemberInfo[] =>
  objects(value)
    .map(toGroupMemberInfo)
    .filter(({ userID }) => userID !== '');

function toGroupInfo(json: Json): GroupInfo {
  return {
    groupID: text(json['groupID']),
    groupName: text(json['groupName']),
    notification: text(json['notification']),
    introduction: text(json['introduction']),
    faceURL: text(json['faceURL']),
    ownerUserID: text(json['ownerUserID']),
    createTime: time(json['createTime']),
    memberCount: whole(json['memberCount']),
    ex: text(json['ex']),
    status: int32(json['status']),
    creatorUserID: text(json['creatorUserID']),
    groupType: int32(json['groupType']),
    needVerification: int32(json['needVerification']),
    lookMemberInfo: int32(json['lookMemberInfo']),
    applyMemberFriend: int32(json['applyMemberFriend']),
    notificationUpdateTime: time(json['notificationUpdateTime']),
    notificationUserID: text(json['notificationUserID']),
  };
}

function toGroupMemberInfo(json: Json): GroupMemberInfo {
  return {
    userID: text(json['userID']),
    roleLevel: int32(json['roleLevel']),
    nickname: text(json['nickname']),
    faceURL: text(json['faceURL']),
    ex: text(json['ex']),
    joinSource: int32(json['joinSource']),
    inviterUserID: text(json['inviterUserID']),
    joinTime: time(json['joinTime']),
    muteEndTime: time(json['muteEndTime']),
  };
}

/** What changed, of each group of a batch. */
export const toGroupChanges = (value: unknown): Map<string, GroupChanges> =>
  new Map(
    Object.entries(isObject(value) ? value : {})
      .filter((entry): entry is [string, Json] => isObject(entry[1]))
      .map(([groupID, json]) => [groupID, toChanges(groupID, json)]),
  );

function toChanges(groupID: string, json: Json): GroupChanges {
  const [group] = toGroupInfos([json['group']]);
  const changed = [...toGroupMembers(json['insert']), ...toGroupMembers(json['update'])];
  return {
    groupID,
    versionID: text(json['versionID']),
    version: whole(json['version']),
    full: json['full'] === true,
    changed: [...new Map(changed.map((member) => [member.userID, member])).values()],
    left: list(json['delete']).map(text),
    ...(group && { group }),
  };
}

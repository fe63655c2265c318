import { storableText } from '../storable-text.js';
import { storableTime } from '../storable-time.js';
import { OpenImUnreachable } from './openim-error.js';

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
  /** Who came in or changed. */
  changed: GroupMemberInfo[];
  /** Who left. */
  left: string[];
  /** The group, where it or its members changed. */
  group?: GroupInfo;
}

type Json = Record<string, unknown>;

/** OpenIM's encoder leaves out or nulls what is zero: both are Go's zero value. */
export const list = (value: unknown): Json[] => (Array.isArray(value) ? (value as Json[]) : []);
export const text = (value: unknown): string => (typeof value === 'string' ? storableText(value) : '');
export const whole = (value: unknown): number =>
  typeof value === 'number' && Number.isSafeInteger(value) ? value : 0;
const int32 = (value: unknown): number => Math.max(-(2 ** 31), Math.min(whole(value), 2 ** 31 - 1));
const time = (value: unknown): string => storableTime(whole(value));

/** @throws OpenImUnreachable where there is no groupID */
export function toGroupInfo(json: Json): GroupInfo {
  return {
    groupID: id(json, 'groupID'),
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

/** @throws OpenImUnreachable where there is no userID */
export function toGroupMemberInfo(json: Json): GroupMemberInfo {
  return {
    userID: id(json, 'userID'),
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

export function toGroupChanges(groupID: string, json: Json): GroupChanges {
  const { group } = json;
  return {
    groupID,
    versionID: text(json['versionID']),
    version: whole(json['version']),
    full: json['full'] === true,
    changed: [...list(json['insert']), ...list(json['update'])].map(toGroupMemberInfo),
    left: list(json['delete']).map((userID) => text(userID)),
    ...(typeof group === 'object' && group !== null && { group: toGroupInfo(group as Json) }),
  };
}

function id(json: Json, field: 'groupID' | 'userID'): string {
  const value = typeof json === 'object' && json !== null ? text(json[field]) : '';
  if (value === '') {
    throw new OpenImUnreachable('', `an answer has an entry without ${field}`);
  }
  return value;
}

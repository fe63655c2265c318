import { OpenImAnswerError } from './openim-error.js';
import { AnswerFields, type FieldsOf, isObject, type Json } from './openim-fields.js';

/** The fields of a group (protocol/sdkws, GroupInfo). */
const GROUP_INFO = {
  groupID: 'id',
  groupName: 'text',
  notification: 'text',
  introduction: 'text',
  faceURL: 'text',
  ownerUserID: 'text',
  createTime: 'time',
  memberCount: 'count',
  ex: 'text',
  status: 'int32',
  creatorUserID: 'text',
  groupType: 'int32',
  needVerification: 'int32',
  lookMemberInfo: 'int32',
  applyMemberFriend: 'int32',
  notificationUpdateTime: 'time',
  notificationUserID: 'text',
} as const;

/** The fields of a member (protocol/sdkws, GroupMemberFullInfo). */
const GROUP_MEMBER_INFO = {
  userID: 'id',
  roleLevel: 'int32',
  nickname: 'text',
  faceURL: 'text',
  ex: 'text',
  joinSource: 'int32',
  inviterUserID: 'text',
  joinTime: 'time',
  muteEndTime: 'time',
} as const;

/** A group. Times are texts for PostgreSQL. `memberCount` is the current number of members. */
export type GroupInfo = FieldsOf<typeof GROUP_INFO>;

/** A member. `nickname` and `faceURL` are those of the user where the member has none. */
export type GroupMemberInfo = FieldsOf<typeof GROUP_MEMBER_INFO>;

/** A version of a group. Each change of the group or of its members increments it (pkg/common/storage/database/mgo/version_log.go). */
export interface GroupVersion {
  groupID: string;
  /** Id of the group's version log; "": unknown. */
  versionID: string;
  version: number;
}

/** The changes of a group since a version. */
export interface GroupChanges extends GroupVersion {
  /** Whether a full snapshot is needed: too much changed, or the version is unknown. Then only the version is set, and mostly `group`. */
  full: boolean;
  /** Members who joined or changed, each once. */
  changed: GroupMemberInfo[];
  /** Users who left. */
  left: string[];
  /** The group, where it or its members changed. */
  group?: GroupInfo;
}

/** A value for each group, or the error of a group that cannot be parsed: it does not affect the others. */
export type PerGroup<T> = Map<string, T | OpenImAnswerError>;

/** Parses a list of groups. A group without a groupID is left out: no request could name it. */
export function toGroupInfos(list: unknown[]): PerGroup<GroupInfo> {
  const infos: PerGroup<GroupInfo> = new Map();
  for (const json of list) {
    if (isObject(json) && typeof json['groupID'] === 'string' && json['groupID'] !== '') {
      infos.set(
        json['groupID'],
        parseOrError(() => toGroupInfo(json)),
      );
    }
  }
  return infos;
}

/**
 * Parses a list of members.
 * @throws OpenImAnswerError where one of them cannot be parsed
 */
export const toGroupMembers = (list: unknown[]): GroupMemberInfo[] =>
  list.map((json) => new AnswerFields(json, 'a member').read(GROUP_MEMBER_INFO));

/** Parses the changes of each group of a batch. */
export const toGroupChanges = (respList: Json): PerGroup<GroupChanges> =>
  new Map(
    Object.entries(respList).map(([groupID, json]) => [
      groupID,
      parseOrError(() => toChanges(groupID, json)),
    ]),
  );

function parseOrError<T>(parse: () => T): T | OpenImAnswerError {
  try {
    return parse();
  } catch (error) {
    if (error instanceof OpenImAnswerError) {
      return error;
    }
    throw error;
  }
}

const toGroupInfo = (json: unknown): GroupInfo => new AnswerFields(json, 'a group').read(GROUP_INFO);

function toChanges(groupID: string, json: unknown): GroupChanges {
  const fields = new AnswerFields(json, 'the changes of a group');
  const changed = toGroupMembers([...fields.list('insert'), ...fields.list('update')]);
  const group = (json as Json)['group'] ?? undefined;
  return {
    groupID,
    versionID: fields.text('versionID'),
    version: fields.count('version'),
    full: fields.boolean('full'),
    changed: [...new Map(changed.map((member) => [member.userID, member])).values()],
    left: fields.texts('delete'),
    ...(group !== undefined && { group: toGroupInfo(group) }),
  };
}

import type { GroupDto, UserGroupDto } from './group.dto.js';
import type { MemberDto, MemberOfGroupDto } from './member.dto.js';
import type { MemberAtDto, UserGroupAtDto } from './membership.dto.js';

/** Columns of the lists as CSV, in their order. */
export const GROUP_LIST = {
  name: 'groups',
  columns: [
    'groupID',
    'groupName',
    'notification',
    'introduction',
    'faceURL',
    'ownerUserID',
    'createTime',
    'memberCount',
    'ex',
    'status',
    'creatorUserID',
    'groupType',
    'needVerification',
    'lookMemberInfo',
    'applyMemberFriend',
    'notificationUpdateTime',
    'notificationUserID',
    'syncedAt',
    'staleSince',
    'staleReason',
    'verifiedAt',
  ] satisfies (keyof GroupDto)[],
};
export const USER_GROUP_LIST = {
  name: 'groups-of-user',
  columns: [...GROUP_LIST.columns, 'roleLevel'] satisfies (keyof UserGroupDto)[],
};
export const MEMBER_LIST = {
  name: 'members',
  columns: [
    'userID',
    'roleLevel',
    'nickname',
    'faceURL',
    'ex',
    'joinSource',
    'inviterUserID',
    'joinTime',
    'muteEndTime',
    'syncedAt',
  ] satisfies (keyof MemberDto)[],
};
/** The members of all groups. */
export const MEMBER_OF_GROUP_LIST = {
  name: 'members',
  columns: ['groupID', ...MEMBER_LIST.columns] satisfies (keyof MemberOfGroupDto)[],
};
export const MEMBER_AT_LIST = {
  name: 'members',
  columns: ['userID', 'roleLevel', 'validFrom', 'validTo'] satisfies (keyof MemberAtDto)[],
};
export const USER_GROUP_AT_LIST = {
  name: 'groups-of-user',
  columns: ['groupID', 'groupName', 'roleLevel', 'validFrom', 'validTo'] satisfies (keyof UserGroupAtDto)[],
};

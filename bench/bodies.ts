/** What is measured of the callbacks. */
export type Kind = 'create' | 'kick' | 'setGroupInfo';

/** OpenIM's name for each. */
export const COMMANDS: Readonly<Record<Kind, string>> = {
  create: 'callbackAfterCreateGroupCommand',
  kick: 'callbackAfterKickGroupCommand',
  setGroupInfo: 'callbackAfterSetGroupInfoCommand',
};

/** How many groups kicks and changes of a name go round: none is written by two at once, so that nobody waits for a row. */
export const SEEDED_GROUPS = 5000;

/** The groups that kicks find, n from 0 to `SEEDED_GROUPS` - 1. */
export const KICKED_PREFIX = 'k';
/** The groups whose names change. */
export const RENAMED_PREFIX = 's';
/** The members of a group that kicks find, from 0 on: the prefix and nine digits, as `userID` writes them. */
export const USER_PREFIX = 'u';

/** 2^20 users share all groups, as the users of a server do. */
const USER_MASK = 0xfffff;
/** Odd: consecutive numbers become different ones, all over the range. */
const SCATTER = 0x9e3779b1;

const userID = (user: number): string => USER_PREFIX + String(user).padStart(9, '0');

const seeded = (prefix: string, number: number): string => prefix + (number % SEEDED_GROUPS);

const BODIES: Readonly<Record<Kind, (number: number, members: number) => object>> = {
  create: creation,
  kick: (number) => ({
    callbackCommand: COMMANDS.kick,
    groupID: seeded(KICKED_PREFIX, number),
    kickedUserIDs: [userID(Math.floor(number / SEEDED_GROUPS))],
    reason: 'inactive for 90 days',
  }),
  setGroupInfo: (number) => ({
    callbackCommand: COMMANDS.setGroupInfo,
    operationID: '',
    groupID: seeded(RENAMED_PREFIX, number),
    groupName: `Weekly sync ${number}`,
    notification: '',
    introduction: '',
    faceURL: '',
    ex: '',
    needVerification: 0,
    lookMemberInfo: null,
    applyMemberFriend: null,
  }),
};

/**
 * The body of a callback as OpenIM sends it. Each number gives a body that changes something: another group, another member
 * kicked, another name.
 * @param kind which command
 * @param number from 0 on
 * @param members how many a new group has
 */
export const bodyOf = (kind: Kind, number: number, members: number): string =>
  JSON.stringify(BODIES[kind](number, members));

/**
 * The members of a new group, each once, in the order of their IDs: in that order the plain statement that a large creation is
 * compared with is at its quickest.
 */
export function memberIDs(number: number, members: number): string[] {
  return Array.from({ length: members }, (_, index) =>
    userID(Math.imul(number * members + index, SCATTER) & USER_MASK),
  ).toSorted();
}

/** The owner is listed twice, as 100 first and as 20 after the members (internal/rpc/group/callback.go, webhookAfterCreateGroup). */
function creation(number: number, members: number): object {
  const [ownerUserID = '', ...others] = memberIDs(number, members);
  const ordinary = others.map((member) => ({ userID: member, roleLevel: 20 }));
  return {
    callbackCommand: COMMANDS.create,
    groupID: String(Math.imul(number, SCATTER) >>> 0).padStart(10, '0'),
    groupName: `Weekly sync ${number}`,
    notification: 'Every Monday at 10:00',
    introduction: 'What was done and what comes next',
    faceURL: 'https://cdn.example/groups/96.png',
    ownerUserID,
    createTime: Date.now(),
    memberCount: members,
    ex: '{"dept":7}',
    status: 0,
    creatorUserID: ownerUserID,
    groupType: 2,
    needVerification: 0,
    lookMemberInfo: 0,
    applyMemberFriend: 0,
    notificationUpdateTime: 0,
    notificationUserID: '',
    initMemberList: [
      { userID: ownerUserID, roleLevel: 100 },
      ...ordinary,
      { userID: ownerUserID, roleLevel: 20 },
    ],
  };
}

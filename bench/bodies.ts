/** The kinds of callbacks that the benchmark sends. */
export type Kind = 'create' | 'kick' | 'setGroupInfo';

/** OpenIM's command of each kind. */
export const COMMANDS: Readonly<Record<Kind, string>> = {
  create: 'callbackAfterCreateGroupCommand',
  kick: 'callbackAfterKickGroupCommand',
  setGroupInfo: 'callbackAfterSetGroupInfoCommand',
};

/** Number of groups that kicks and renames use in turn. With this many, no two callbacks wait for the same row. */
export const SEEDED_GROUPS = 5000;

/** Prefix of the groups for kicks; a number from 0 to `SEEDED_GROUPS` - 1 follows. */
export const KICKED_PREFIX = 'k';
/** Prefix of the groups for renames; a number from 0 to `SEEDED_GROUPS` - 1 follows. */
export const RENAMED_PREFIX = 's';
/** Prefix of the members of the groups for kicks; nine digits follow, from 0 on (`userID`). */
export const USER_PREFIX = 'u';

/** Mask of a user number: all groups share 2^20 users. */
const USER_MASK = 0xfffff;
/** Odd factor that maps consecutive numbers to distinct numbers of the whole 32-bit range. */
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
 * Returns the body of a callback as OpenIM sends it. Every number makes a body that changes data: a new group, a new kicked
 * member, or a new name.
 * @param kind the kind of the callback
 * @param number from 0 on
 * @param members the number of members of a new group
 */
export const bodyOf = (kind: Kind, number: number, members: number): string =>
  JSON.stringify(BODIES[kind](number, members));

/**
 * Returns the members of a new group without duplicates, sorted by ID. The plain statement that the benchmark compares with large
 * creations is fastest in this order.
 */
export function memberIDs(number: number, members: number): string[] {
  return Array.from({ length: members }, (_, index) =>
    userID(Math.imul(number * members + index, SCATTER) & USER_MASK),
  ).toSorted();
}

/** Lists the owner twice, like OpenIM: first with role 100, last with role 20 (internal/rpc/group/callback.go, webhookAfterCreateGroup). */
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

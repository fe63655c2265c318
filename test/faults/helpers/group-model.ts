import type { Random } from './random.js';

/** Expected row of a present or former member. */
export interface MemberState {
  readonly roleLevel: number;
  /** null for a present member. */
  readonly leftCause: 'quit' | 'kicked' | 'dismissed' | null;
}

/** Expected rows of a group. Immutable: each step makes a new state. */
export interface GroupState {
  readonly groupID: string;
  readonly groupName: string;
  readonly introduction: string;
  readonly ownerUserID: string;
  readonly status: number;
  readonly members: ReadonlyMap<string, MemberState>;
}

/** A callback, and the state of the group after it. */
export interface Step {
  readonly command: string;
  readonly body: Readonly<Record<string, unknown>>;
  readonly after: GroupState;
}

const FIRST_MEMBERS = 10;

const step = (command: string, after: GroupState, fields: Record<string, unknown>): Step => ({
  command,
  body: { callbackCommand: command, groupID: after.groupID, ...fields },
  after,
});

/** Creates a group of ten members: the owner, two admins, seven others. */
export function creation(groupID: string): Step {
  const roles = Array.from({ length: FIRST_MEMBERS }, (_, index) =>
    index === 0 ? 100 : index < 3 ? 60 : 20,
  );
  const after: GroupState = {
    groupID,
    groupName: 'first',
    introduction: '',
    ownerUserID: 'u0',
    status: 0,
    members: new Map(roles.map((roleLevel, index) => [`u${index}`, { roleLevel, leftCause: null }])),
  };
  return step('callbackAfterCreateGroupCommand', after, {
    groupName: after.groupName,
    ownerUserID: after.ownerUserID,
    createTime: Date.now(),
    memberCount: FIRST_MEMBERS,
    groupType: 2,
    initMemberList: roles.map((roleLevel, index) => ({ userID: `u${index}`, roleLevel })),
  });
}

/** Makes a random change of the group. */
export function change(group: GroupState, random: Random): Step {
  const others = membersOf(group).filter((userID) => userID !== group.ownerUserID);
  const left = [...group.members.keys()].filter((userID) => group.members.get(userID)!.leftCause !== null);
  const changes: (() => Step)[] = [
    () => join(group, `u${group.members.size}`),
    () => rename(group, `name ${random.below(1e6)}`),
    () => introduce(group, `text ${random.below(1e6)}`),
    ...(left.length > 0 ? [() => join(group, random.pick(left))] : []),
    ...(others.length > 2
      ? [
          () => quit(group, random.pick(others)),
          () => kick(group, [...new Set([random.pick(others), random.pick(others)])]),
          () => transfer(group, random.pick(others)),
          () => setRole(group, random.pick(others), random.pick([20, 60])),
        ]
      : []),
  ];
  return random.pick(changes)();
}

/** Dismisses the group, with or without the deletion of its members. */
export function dismissal(group: GroupState, random: Random): Step {
  const deleted = random.chance(0.5);
  const members = deleted ? leaving(group, membersOf(group), 'dismissed') : group.members;
  return step(
    'callbackAfterDisMissGroupCommand',
    { ...group, status: 2, members },
    { ownerID: group.ownerUserID, groupType: '\u0002', membersID: deleted ? [] : membersOf(group) },
  );
}

/** Returns the present members of the group. */
export const membersOf = (group: GroupState): string[] =>
  [...group.members].filter(([, { leftCause }]) => leftCause === null).map(([userID]) => userID);

const join = (group: GroupState, userID: string): Step =>
  step(
    'callbackAfterJoinGroupCommand',
    { ...group, members: new Map(group.members).set(userID, { roleLevel: 20, leftCause: null }) },
    { operationID: '', reqMessage: '', joinSource: 3, inviterUserID: userID },
  );

const rename = (group: GroupState, groupName: string): Step =>
  step(
    'callbackAfterSetGroupInfoExCommand',
    { ...group, groupName },
    { operationID: '', groupName, introduction: null },
  );

const introduce = (group: GroupState, introduction: string): Step =>
  step(
    'callbackAfterSetGroupInfoCommand',
    { ...group, introduction },
    { operationID: '', groupName: '', introduction },
  );

const quit = (group: GroupState, userID: string): Step =>
  step('callbackAfterQuitGroupCommand', { ...group, members: leaving(group, [userID], 'quit') }, { userID });

const kick = (group: GroupState, kickedUserIDs: string[]): Step =>
  step(
    'callbackAfterKickGroupCommand',
    { ...group, members: leaving(group, kickedUserIDs, 'kicked') },
    { kickedUserIDs, reason: '' },
  );

function transfer(group: GroupState, newOwnerUserID: string): Step {
  const former = group.members.get(newOwnerUserID)!;
  const members = new Map(group.members)
    .set(newOwnerUserID, { ...former, roleLevel: 100 })
    .set(group.ownerUserID, { ...former });
  return step(
    'callbackAfterTransferGroupOwnerCommand',
    { ...group, ownerUserID: newOwnerUserID, members },
    { oldOwnerUserID: group.ownerUserID, newOwnerUserID },
  );
}

const setRole = (group: GroupState, userID: string, roleLevel: number): Step =>
  step(
    'callbackAfterSetGroupMemberInfoCommand',
    { ...group, members: new Map(group.members).set(userID, { roleLevel, leftCause: null }) },
    { userID, nickName: null, faceURL: null, roleLevel, ex: null },
  );

function leaving(
  group: GroupState,
  userIDs: string[],
  leftCause: MemberState['leftCause'],
): GroupState['members'] {
  const members = new Map(group.members);
  userIDs.forEach((userID) => members.set(userID, { ...members.get(userID)!, leftCause }));
  return members;
}

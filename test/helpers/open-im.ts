import { randomUUID } from 'node:crypto';
import * as fc from 'fast-check';

/** The state of a member in OpenIM. */
export interface Member {
  roleLevel: number;
  nickname: string | null;
  joinSource?: number;
  muteEndTime?: number;
}

export interface Callback {
  command: string;
  body: Record<string, unknown>;
}

/** A step of a history: an action, with numbers that select its users and values. */
export interface Step {
  action:
    | 'join'
    | 'quit'
    | 'kick'
    | 'transfer'
    | 'promote'
    | 'nickname'
    | 'rename'
    | 'introduce'
    | 'dismiss'
    | 'delete'
    | 'invite'
    | 'mute'
    | 'muteGroup'
    | 'demote';
  who: number;
  what: number;
}

/** Actions without a callback, and `demote`, which makes the owner an ordinary member and leaves the group without an owner. */
const SILENT = [
  [0.2, 'demote'],
  [4, 'invite'],
  [2, 'mute'],
  [1, 'muteGroup'],
] as const;

/**
 * Generates histories. Most groups stay active to the end.
 * @param steps number of steps of each history
 * @param silent true to include steps without a callback
 */
export const histories = (steps: number, silent = false): fc.Arbitrary<Step[]> =>
  fc.array(
    fc.record({
      action: fc.oneof(
        ...(
          [
            ...(silent ? SILENT : []),
            [8, 'join'],
            [4, 'quit'],
            [4, 'kick'],
            [3, 'transfer'],
            [4, 'promote'],
            [3, 'nickname'],
            [3, 'rename'],
            [2, 'introduce'],
            [0.2, 'dismiss'],
            [0.1, 'delete'],
          ] as const
        ).map(([weight, action]) => ({ weight: weight * 10, arbitrary: fc.constant(action) })),
      ),
      who: fc.nat(1000),
      what: fc.nat(1000),
    }),
    { minLength: steps, maxLength: steps },
  );

const USERS = Array.from({ length: 8 }, (_, index) => `u${index}`);

/** Model of a group in OpenIM: allows the same actions and sends the same callbacks (internal/rpc/group/group.go). */
export class OpenImGroup {
  readonly members = new Map<string, Member>();
  readonly callbacks: Callback[] = [];
  /** The user who changed at each version, or null for a change of the group itself. */
  readonly changes: { version: number; userID: string | null }[] = [];
  readonly versionID = randomUUID().replaceAll('-', '').slice(0, 24);
  version = 1;
  groupName = 'first';
  introduction = '';
  ownerUserID = 'u0';
  status = 0;

  constructor(
    readonly groupID: string,
    readonly createTime: number,
  ) {
    this.members.set('u0', { roleLevel: 100, nickname: null });
    this.members.set('u1', { roleLevel: 60, nickname: null });
    this.members.set('u2', { roleLevel: 20, nickname: null });
    this.addCallback('callbackAfterCreateGroupCommand', {
      groupName: 'first',
      ownerUserID: 'u0',
      createTime,
      memberCount: 4,
      groupType: 2,
      initMemberList: ['u0:100', 'u1:60', 'u2:20', 'u1:20', 'u0:20', 'imAdmin:20'].map((entry) => ({
        userID: entry.split(':')[0],
        roleLevel: Number(entry.split(':')[1]),
      })),
    });
  }

  /** Performs a step if OpenIM allows it, and increments the version. Many actions also work in a dismissed group: few calls of OpenIM check the status. */
  act(step: Step): void {
    const before = this.state();
    this.attempt(step);
    const after = this.state();
    const changed = [...new Set([...before.keys(), ...after.keys()])].filter(
      (key) => before.get(key) !== after.get(key),
    );
    if (changed.length > 0) {
      this.version += 1;
      changed.forEach((userID) => this.changes.push({ version: this.version, userID }));
    }
  }

  /** The owner in OpenIM's answers, or "" if no member has that role. */
  get shownOwner(): string {
    return this.members.get(this.ownerUserID)?.roleLevel === 100 ? this.ownerUserID : '';
  }

  private state(): Map<string | null, string> {
    const { groupName, introduction, ownerUserID, status } = this;
    return new Map<string | null, string>([
      [null, JSON.stringify({ groupName, introduction, ownerUserID, status })],
      ...Array.from(this.members, ([userID, member]) => [userID, JSON.stringify(member)] as const),
    ]);
  }

  private attempt({ action, who, what }: Step): void {
    const [dismissed, users] = [this.status === 2, [...this.members.keys()]];
    const others = users.filter((userID) => userID !== this.ownerUserID);
    const outside = USERS.filter((userID) => !this.members.has(userID));
    const userID = (from: string[]) => from[who % from.length]!;
    if (action === 'join' && outside.length > 0 && !dismissed) {
      this.members.set(userID(outside), { roleLevel: 20, nickname: null });
      this.addCallback('callbackAfterJoinGroupCommand', {
        operationID: '',
        reqMessage: '',
        joinSource: 3,
        inviterUserID: userID(outside),
      });
    } else if (action === 'invite' && outside.length > 0) {
      this.members.set(userID(outside), { roleLevel: 20, nickname: null, joinSource: 2 });
    } else if (action === 'mute' && others.length > 0) {
      this.members.get(userID(others))!.muteEndTime = 1_900_000_000_000 + what;
    } else if (action === 'muteGroup') {
      this.status = this.status === 3 || (dismissed && what % 2 === 0) ? 0 : 3;
    } else if (action === 'quit' && others.length > 0) {
      this.members.delete(userID(others));
      this.addCallback('callbackAfterQuitGroupCommand', { userID: userID(others) });
    } else if (action === 'kick' && others.length > 0) {
      const kicked = others.filter((_, index) => index === who % others.length || (what + index) % 5 === 0);
      kicked.forEach((user) => this.members.delete(user));
      this.addCallback('callbackAfterKickGroupCommand', { kickedUserIDs: kicked, reason: '' });
    } else if (
      action === 'transfer' &&
      others.length > 0 &&
      this.members.has(this.ownerUserID) &&
      !dismissed
    ) {
      const [oldOwnerUserID, newOwnerUserID] = [this.ownerUserID, userID(others)];
      this.members.get(oldOwnerUserID)!.roleLevel = this.members.get(newOwnerUserID)!.roleLevel;
      this.members.get(newOwnerUserID)!.roleLevel = 100;
      this.ownerUserID = newOwnerUserID;
      this.addCallback('callbackAfterTransferGroupOwnerCommand', { oldOwnerUserID, newOwnerUserID });
    } else if (action === 'promote' && others.length > 0) {
      this.setMember(userID(others), { roleLevel: what % 2 === 0 ? 60 : 20 });
    } else if (action === 'demote' && this.members.get(this.ownerUserID)?.roleLevel === 100) {
      this.setMember(this.ownerUserID, { roleLevel: 20 });
    } else if (action === 'nickname' && users.length > 0) {
      this.setMember(userID(users), { nickname: what % 3 === 0 ? '' : `n${what}` });
    } else if (action === 'rename' && !dismissed) {
      this.groupName = `name ${what}`;
      this.addCallback('callbackAfterSetGroupInfoExCommand', {
        operationID: '',
        groupName: this.groupName,
        introduction: null,
      });
    } else if (action === 'introduce' && !dismissed) {
      this.introduction = `text ${what}`;
      this.addCallback('callbackAfterSetGroupInfoCommand', {
        operationID: '',
        groupName: '',
        introduction: this.introduction,
      });
    } else if ((action === 'dismiss' && !dismissed) || (action === 'delete' && this.members.size > 0)) {
      this.status = 2;
      if (action === 'delete') {
        this.members.clear();
      }
      const membersID = [...this.members.keys()];
      this.addCallback('callbackAfterDisMissGroupCommand', {
        ownerID: this.ownerUserID,
        groupType: '\u0002',
        membersID,
      });
    }
  }

  private setMember(
    userID: string,
    { roleLevel = null, nickname = null }: { roleLevel?: number | null; nickname?: string | null },
  ): void {
    const member = this.members.get(userID)!;
    member.roleLevel = roleLevel ?? member.roleLevel;
    member.nickname = nickname ?? member.nickname;
    this.addCallback('callbackAfterSetGroupMemberInfoCommand', {
      userID,
      nickName: nickname,
      faceURL: null,
      roleLevel,
      ex: null,
    });
  }

  private addCallback(command: string, fields: Record<string, unknown>): void {
    this.callbacks.push({ command, body: { callbackCommand: command, groupID: this.groupID, ...fields } });
  }
}

import { Injectable } from '@nestjs/common';
import type { GroupInfo, GroupMemberInfo } from '../../openim/openim-answers.js';
import { ErrCode, OpenImRefusal } from '../../openim/openim-error.js';
import { OpenImClient } from '../../openim/openim.client.js';
import { type Answer, ChangesReader, type NoAnswer } from './changes-reader.js';

/** Members a page: some 400 bytes each, and OpenIM's messages hold 8 MiB. */
const PAGE = 1000;
/** Members a page where OpenIM fails with more: their `ex` may be large. */
const SMALL_PAGE = 50;
/** Pages after which OpenIM is asked what changed meanwhile: it tells no more than 200 changes at once. */
const PAGES_BETWEEN_CHANGES = 20;
/**
 * How often a list is read. Each member who leaves moves one member from a page that is not read yet to one that is, so that one
 * pass may miss some. What another pass finds is added.
 */
const PASSES = 3;
/** How often it is read where nothing changed meanwhile: then OpenIM's pages contradict each other. */
const QUIET_PASSES = 2;

/** All members of a group, as of the last answer of OpenIM. */
export interface MemberList {
  readonly members: GroupMemberInfo[];
  /** Whether they are all: as many as OpenIM counts, and nothing changed unseen while they were read. */
  readonly isComplete: boolean;
  readonly info: GroupInfo;
  /** What OpenIM answers after the list. */
  readonly after: Exclude<Answer, NoAnswer>;
}

/** Reads all members of a group, whose version may move meanwhile. */
@Injectable()
export class MemberListReader {
  constructor(
    private readonly openIm: OpenImClient,
    private readonly changes: ChangesReader,
  ) {}

  /**
   * Reads the list, and completes it by what changed since the version before.
   * @param before what OpenIM answered before the list is read
   * @param isPatient whether nobody waits for it
   * @returns the list; or `absent` or `failed`, where OpenIM answers so meanwhile
   * @throws the error of OpenIM, whatever it is about
   */
  async read(groupID: string, before: Answer, isPatient: boolean): Promise<MemberList | NoAnswer> {
    const list = new ListUnderWay(before, isPatient);
    for (let pass = 1; ; pass += 1) {
      const ended = await this.pass(groupID, list);
      if (ended) {
        return ended;
      }
      if (!list.info) {
        const answer = (await this.changes.readInfos([groupID])).get(groupID)!;
        if (answer.kind !== 'versionless') {
          return answer;
        }
        list.info = answer.info;
      }
      if (list.isComplete || !list.canBeCompleted || pass >= (list.moved ? PASSES : QUIET_PASSES)) {
        const { members, isComplete, info, last } = list;
        return { members: [...members.values()], isComplete, info, after: last as MemberList['after'] };
      }
    }
  }

  /** Reads all pages once. @returns where the group is not to be read any more, what OpenIM answers instead */
  private async pass(groupID: string, list: ListUnderWay): Promise<NoAnswer | undefined> {
    let size = PAGE;
    list.totals.clear();
    for (let page = 1, last = 1; page <= last; page += 1) {
      let answer: { total: number; members: GroupMemberInfo[] };
      try {
        answer = await this.openIm.listMembers(groupID, page, size);
      } catch (error) {
        if (size === SMALL_PAGE || !(error instanceof OpenImRefusal) || error.errCode !== ErrCode.Internal) {
          throw error;
        }
        [size, page] = [SMALL_PAGE, ((page - 1) * PAGE) / SMALL_PAGE];
        last = page + 1;
        continue;
      }
      list.addPage(answer);
      last = answer.members.length === 0 ? page : Math.ceil(answer.total / size);
      if (page === last || page % PAGES_BETWEEN_CHANGES === 0) {
        const now = await this.changes.readSince(groupID, list.last, list.isPatient);
        if (now.kind === 'absent' || now.kind === 'failed') {
          return now;
        }
        list.addChanges(now);
      }
    }
    return undefined;
  }
}

/** What is known of a list while it is read. What a delta says of a user wins over any page. */
class ListUnderWay {
  private readonly listed = new Map<string, GroupMemberInfo>();
  private readonly changed = new Map<string, GroupMemberInfo | null>();
  /** The totals that the pages of this pass told. */
  readonly totals = new Set<number>();
  moved = false;
  /** False where more changed than OpenIM tells. */
  canBeCompleted = true;
  info: GroupInfo | undefined;

  constructor(
    public last: Answer,
    readonly isPatient: boolean,
  ) {
    this.info = infoOf(last);
  }

  get members(): Map<string, GroupMemberInfo> {
    const members = new Map(this.listed);
    this.changed.forEach((member, userID) => (member ? members.set(userID, member) : members.delete(userID)));
    return members;
  }

  /**
   * Every member of the list was in the group at some time since the version before, and none of those who left is among them. So
   * a list of as many as OpenIM counts is the group. Where nothing changed, the pages must agree too.
   */
  get isComplete(): boolean {
    const { size } = this.members;
    const agrees = this.moved || (this.totals.size === 1 && this.totals.has(size));
    return this.canBeCompleted && agrees && size === this.info?.memberCount;
  }

  addPage({ total, members }: { total: number; members: GroupMemberInfo[] }): void {
    this.totals.add(total);
    members.forEach((member) => this.listed.set(member.userID, member));
  }

  addChanges(now: Answer): void {
    const { last } = this;
    this.info = infoOf(now) ?? this.info;
    if (now.kind === 'changes' && last.kind === 'changes') {
      const isSame =
        now.changes.version === last.changes.version && now.changes.versionID === last.changes.versionID;
      this.moved ||= !isSame;
      this.canBeCompleted &&= isSame || !now.changes.full;
      now.changes.left.forEach((userID) => this.changed.set(userID, null));
      now.changes.changed.forEach((member) => this.changed.set(member.userID, member));
    } else {
      this.canBeCompleted &&= now.kind === last.kind;
    }
    this.last = now;
  }
}

/** What an answer says of the group itself. */
export const infoOf = (answer: Answer): GroupInfo | undefined =>
  answer.kind === 'changes' ? answer.changes.group : answer.kind === 'versionless' ? answer.info : undefined;

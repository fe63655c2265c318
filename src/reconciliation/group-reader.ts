import { Injectable } from '@nestjs/common';
import PQueue from 'p-queue';
import type { GroupReading } from '../groups/statements/reconcile-group.js';
import type { GroupChanges, GroupInfo, GroupMemberInfo, GroupVersion } from '../openim/openim-answers.js';
import { ErrCode, OpenImRefusal } from '../openim/openim-error.js';
import { OpenImClient } from '../openim/openim.client.js';
import { type Answer, ChangesReader } from './changes-reader.js';

/** What OpenIM says of a group. */
export type Found =
  | { readonly kind: 'unchanged'; readonly groupID: string }
  | { readonly kind: 'absent'; readonly groupID: string }
  | { readonly kind: 'refused'; readonly groupID: string; readonly why: string }
  | {
      readonly kind: 'reading';
      readonly groupID: string;
      readonly reading: Omit<GroupReading, 'agreed' | 'watchedSince'>;
    };

/** So many members a page: some 400 bytes each, and OpenIM's messages hold 8 MiB. */
const PAGE = 1000;
/** So many where OpenIM fails with more: their `ex` may be large. */
const SMALL_PAGE = 50;
/** Of so many groups or so many members the lists are held at once. */
const PART = { groups: 100, members: 20_000 };

/** So few that whoever asks OpenIM meanwhile, for a look that is due, waits for some requests only. */
const LISTS_AT_ONCE = 8;

interface MemberList {
  members: Map<string, GroupMemberInfo>;
  complete: boolean;
  /** Why OpenIM did not show it. */
  refusal?: string;
}

/**
 * Reads groups from OpenIM, so that each reading agrees with itself: the version first, then the list, then what changed since
 * that version, which makes the list one of the version after (internal/rpc/group/sync.go).
 */
@Injectable()
export class GroupReader {
  constructor(
    private readonly openIm: OpenImClient,
    private readonly changes: ChangesReader,
  ) {}

  /**
   * Reads some groups: what changed since their versions, or all where OpenIM does not tell that.
   * Some at a time, however many there are: memory stays flat.
   * @throws OpenImRefusal where it is about the token or the right to ask; OpenImUnreachable
   */
  async *read(versions: GroupVersion[]): AsyncGenerator<Found[]> {
    const answers = await this.changes.read(versions);
    const found: Found[] = [];
    const wholes = new Map<string, Answer>();
    for (const { groupID, version } of versions) {
      const answer = answers.get(groupID)!;
      if (answer.kind === 'absent') {
        found.push({ kind: 'absent', groupID });
      } else if (answer.kind === 'versionless' || answer.changes.full) {
        wholes.set(groupID, answer);
      } else if (saysNothing(answer.changes, version)) {
        found.push({ kind: 'unchanged', groupID });
      } else {
        const { versionID, version: now, group, changed, left } = answer.changes;
        found.push({
          kind: 'reading',
          groupID,
          reading: {
            versionID,
            version: now,
            verified: true,
            whole: false,
            complete: false,
            ...(group && { info: group }),
            members: changed,
            left,
          },
        });
      }
    }
    yield found;
    for (const part of parts(wholes)) {
      yield await this.readWhole(part);
    }
  }

  private async readWhole(part: Map<string, Answer>): Promise<Found[]> {
    const groupIDs = [...part.keys()];
    const lists = await new PQueue({ concurrency: LISTS_AT_ONCE }).addAll(
      groupIDs.map((groupID) => () => this.listAll(groupID)),
    );
    const after = await this.readAfter(part);
    const unnamed = groupIDs.filter((groupID) => !infoOf(part.get(groupID)!));
    const infos = unnamed.length > 0 ? await this.openIm.getGroups(unnamed) : new Map<string, GroupInfo>();
    return groupIDs.map((groupID, index) => {
      const [before, now] = [part.get(groupID)!, after.get(groupID)!];
      const { refusal } = lists[index]!;
      if (refusal !== undefined) {
        return { kind: 'refused', groupID, why: refusal };
      }
      const info = infoOf(now) ?? infoOf(before) ?? infos.get(groupID);
      return now.kind === 'absent' || !info
        ? { kind: 'absent', groupID }
        : { kind: 'reading', groupID, reading: wholeReading(before, now, lists[index]!, info) };
    });
  }

  /** What changed while the lists were read. */
  private async readAfter(part: Map<string, Answer>): Promise<Map<string, Answer>> {
    const versions = [...part.values()].flatMap((answer) =>
      answer.kind === 'changes' ? [answer.changes] : [],
    );
    const versionless = [...part.keys()].filter((groupID) => part.get(groupID)!.kind === 'versionless');
    return new Map([
      ...(await this.changes.read(versions)),
      ...(await this.changes.readVersionless(versionless)),
    ]);
  }

  /** All members; twice, where the pages do not fit together the first time: somebody came or went meanwhile. */
  private async listAll(groupID: string): Promise<MemberList> {
    try {
      const first = await this.list(groupID, PAGE);
      return first.complete ? first : await this.list(groupID, PAGE);
    } catch (error) {
      return this.listWithCare(groupID, error);
    }
  }

  /** Where OpenIM refuses to show one group's members, or fails, the others are read all the same. */
  private async listWithCare(groupID: string, refusal: unknown): Promise<MemberList> {
    if (!(refusal instanceof OpenImRefusal) || refusal.isOfAsker) {
      throw refusal;
    }
    if (refusal.errCode !== ErrCode.Internal) {
      return { members: new Map(), complete: false, refusal: refusal.message };
    }
    return this.list(groupID, SMALL_PAGE).catch((error: unknown) => {
      if (error instanceof OpenImRefusal && !error.isOfAsker) {
        return { members: new Map(), complete: false, refusal: error.message };
      }
      throw error;
    });
  }

  private async list(groupID: string, size: number): Promise<MemberList> {
    const members = new Map<string, GroupMemberInfo>();
    const totals = new Set<number>();
    for (let page = 1, last = 1; page <= last; page += 1) {
      const { total, members: some } = await this.openIm.listMembers(groupID, page, size);
      some.forEach((member) => members.set(member.userID, member));
      totals.add(total);
      last = some.length === 0 ? page : Math.ceil(total / size);
    }
    return { members, complete: totals.size === 1 && totals.has(members.size) };
  }
}

function wholeReading(
  before: Answer,
  now: Exclude<Answer, { kind: 'absent' }>,
  { members, complete }: MemberList,
  info: GroupInfo,
): Extract<Found, { kind: 'reading' }>['reading'] {
  if (now.kind === 'changes') {
    now.changes.left.forEach((userID) => members.delete(userID));
    now.changes.changed.forEach((member) => members.set(member.userID, member));
  }
  // OpenIM's lists and counts come from caches of their own: where they agree they are believed.
  const agrees = before.kind === now.kind && isKnown(before, now) && members.size === info.memberCount;
  return {
    versionID: now.kind === 'changes' ? now.changes.versionID : null,
    version: now.kind === 'changes' ? now.changes.version : null,
    verified: complete && agrees,
    whole: true,
    complete: complete && agrees,
    info,
    members: [...members.values()],
    left: [],
  };
}

/** Whether all that changed since the first answer is known. */
const isKnown = (before: Answer, now: Answer): boolean =>
  before.kind !== 'changes' ||
  now.kind !== 'changes' ||
  !now.changes.full ||
  (now.changes.version === before.changes.version && now.changes.versionID === before.changes.versionID);

const saysNothing = ({ version, group, changed, left }: GroupChanges, known: number): boolean =>
  version === known && !group && changed.length === 0 && left.length === 0;

const infoOf = (answer: Answer): GroupInfo | undefined =>
  answer.kind === 'changes' ? answer.changes.group : answer.kind === 'versionless' ? answer.info : undefined;

function* parts(wholes: Map<string, Answer>): Generator<Map<string, Answer>> {
  let [part, members] = [new Map<string, Answer>(), 0];
  for (const [groupID, answer] of wholes) {
    const count = infoOf(answer)?.memberCount ?? 0;
    if (part.size > 0 && (part.size === PART.groups || members + count > PART.members)) {
      yield part;
      [part, members] = [new Map(), 0];
    }
    part.set(groupID, answer);
    members += count;
  }
  if (part.size > 0) {
    yield part;
  }
}

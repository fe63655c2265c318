import { Injectable } from '@nestjs/common';
import type { GroupSnapshot } from '../../groups/statements/reconcile-group.js';
import type { GroupChanges, GroupInfo } from '../../openim/openim-answers.js';
import { OpenImClient } from '../../openim/openim.client.js';
import { type Answer, ChangesReader } from './changes-reader.js';
import { infoOf, MemberListReader } from './member-list-reader.js';

/** What OpenIM says of a group: a whole snapshot of it, or a delta since a version. */
export interface Snapshot extends Omit<GroupSnapshot, 'confirmed' | 'watchedSince'> {
  readonly groupID: string;
}

/** What became of reading a group. */
export type Found =
  | { readonly kind: 'snapshot'; readonly snapshot: Snapshot }
  | { readonly kind: 'absent' }
  /** OpenIM does not show it, but shows others. `info`: what it shows of the group itself. */
  | { readonly kind: 'failed'; readonly reason: string; readonly info?: GroupInfo };

/** Users of whom it is asked in one request (OpenIM's ParamMaxLength is 1,000). */
export const MEMBERS_ASKED = 500;

/** Reads one group from OpenIM. A failure that is proven to be about OpenIM as a whole is thrown, any other one is the group's. */
@Injectable()
export class GroupReader {
  constructor(
    private readonly openIm: OpenImClient,
    private readonly changes: ChangesReader,
    private readonly lists: MemberListReader,
  ) {}

  /**
   * Reads a group whole.
   * @param before what OpenIM answered when it was asked for the group's version
   * @param isPatient whether nobody waits for it
   * @throws the error of OpenIM where it is away as a whole
   */
  async readWhole(groupID: string, before: Answer, isPatient = false): Promise<Found> {
    if (before.kind === 'absent' || before.kind === 'failed') {
      return before;
    }
    return this.ofGroup(infoOf(before), async () => {
      const list = await this.lists.read(groupID, before, isPatient);
      if ('kind' in list) {
        return list;
      }
      const { members, isComplete, info, after } = list;
      const version = after.kind === 'changes' ? after.changes : undefined;
      return {
        kind: 'snapshot',
        snapshot: {
          groupID,
          versionID: version?.versionID ?? null,
          version: version?.version ?? null,
          verified: isComplete,
          whole: true,
          complete: isComplete,
          reason: isComplete ? null : 'the list of members and their count in OpenIM do not agree',
          info,
          members,
          left: [],
        },
      };
    });
  }

  /** A delta as OpenIM told it. */
  toDelta({ groupID, versionID, version, group, changed, left }: GroupChanges): Snapshot {
    return {
      groupID,
      versionID,
      version,
      verified: true,
      whole: false,
      complete: false,
      reason: null,
      ...(group && { info: group }),
      members: changed,
      left,
    };
  }

  /**
   * Completes a delta by some members as OpenIM has them now: those whom callbacks changed here though OpenIM tells no change of them.
   * @param userIDs at most `MEMBERS_ASKED`
   * @param withInfo whether the group itself is read too
   * @throws the error of OpenIM where it is away as a whole
   */
  async completeDelta(changes: GroupChanges, userIDs: string[], withInfo: boolean): Promise<Found> {
    const { groupID } = changes;
    return this.ofGroup(changes.group, async () => {
      const known = new Set([...changes.changed.map(({ userID }) => userID), ...changes.left]);
      const asked = userIDs.filter((userID) => !known.has(userID));
      const members = asked.length > 0 ? await this.openIm.getMembers(groupID, asked) : [];
      const present = new Set(members.map(({ userID }) => userID));
      const snapshot = {
        ...this.toDelta(changes),
        members: [...changes.changed, ...members],
        left: [...changes.left, ...asked.filter((userID) => !present.has(userID))],
      };
      if (!withInfo) {
        return { kind: 'snapshot', snapshot };
      }
      const now = (await this.changes.readInfos([groupID])).get(groupID)!;
      if (now.kind !== 'versionless') {
        return now;
      }
      return { kind: 'snapshot', snapshot: { ...snapshot, info: now.info } };
    });
  }

  /** @param info what is known of the group, for the case that no more can be read */
  private async ofGroup(info: GroupInfo | undefined, read: () => Promise<Found>): Promise<Found> {
    try {
      const found = await read();
      return found.kind === 'failed' && info ? { ...found, info } : found;
    } catch (error) {
      const reason = await this.openIm.reasonUnlessAway(error);
      return { kind: 'failed', reason, ...(info && { info }) };
    }
  }
}

import { Injectable } from '@nestjs/common';
import type { GroupSnapshot } from '../../groups/statements/reconcile-group.js';
import type { GroupChanges, GroupInfo } from '../../openim/openim-answers.js';
import { OpenImClient } from '../../openim/openim.client.js';
import { ChangesReader } from './changes-reader.js';
import { type ChangesResult, infoOf } from './changes-result.js';
import { MemberListReader } from './member-list-reader.js';

/** OpenIM's state of a group: a full snapshot, or a delta since a version. */
export interface Snapshot extends Omit<GroupSnapshot, 'confirmed' | 'watchedSince'> {
  readonly groupID: string;
}

/** Result of reading a group. */
export type GroupReadResult =
  | { readonly kind: 'snapshot'; readonly snapshot: Snapshot }
  | { readonly kind: 'absent' }
  /** OpenIM does not show the group, but shows others. `info`: the group itself, where OpenIM shows that. */
  | { readonly kind: 'failed'; readonly reason: string; readonly info?: GroupInfo };

/** Maximum number of users in one request for members. OpenIM's ParamMaxLength is 1,000. */
export const MAX_MEMBERS_REQUESTED = 500;

/** Reads one group from OpenIM. An outage of OpenIM is thrown; any other failure is the result of the group. */
@Injectable()
export class GroupReader {
  constructor(
    private readonly openIm: OpenImClient,
    private readonly changes: ChangesReader,
    private readonly lists: MemberListReader,
  ) {}

  /**
   * Takes a full snapshot of a group.
   * @param before OpenIM's answer to the request for the version of the group
   * @param isBackground whether nobody needs the group within seconds
   * @throws the error of OpenIM in an outage
   */
  async readWhole(groupID: string, before: ChangesResult, isBackground = false): Promise<GroupReadResult> {
    if (before.kind === 'absent' || before.kind === 'failed') {
      return before;
    }
    return this.catchFailure(infoOf(before), async () => {
      const list = await this.lists.read(groupID, before, isBackground);
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

  /** Converts the changes of a group into a delta. */
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
   * Completes a delta by the current state of some members: those whom callbacks changed in the mirror though OpenIM reports no change.
   * @param userIDs at most `MAX_MEMBERS_REQUESTED`
   * @param withInfo whether the group itself is read too
   * @throws the error of OpenIM in an outage
   */
  async completeDelta(changes: GroupChanges, userIDs: string[], withInfo: boolean): Promise<GroupReadResult> {
    const { groupID } = changes;
    return this.catchFailure(changes.group, async () => {
      const reported = new Set([...changes.changed.map(({ userID }) => userID), ...changes.left]);
      const requested = userIDs.filter((userID) => !reported.has(userID));
      const members = requested.length > 0 ? await this.openIm.getMembers(groupID, requested) : [];
      const present = new Set(members.map(({ userID }) => userID));
      const snapshot = {
        ...this.toDelta(changes),
        members: [...changes.changed, ...members],
        left: [...changes.left, ...requested.filter((userID) => !present.has(userID))],
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

  /** @param info the group itself, for the result of a failure */
  private async catchFailure(
    info: GroupInfo | undefined,
    read: () => Promise<GroupReadResult>,
  ): Promise<GroupReadResult> {
    try {
      const result = await read();
      return result.kind === 'failed' && info ? { ...result, info } : result;
    } catch (error) {
      const reason = await this.openIm.reasonUnlessOutage(error);
      return { kind: 'failed', reason, ...(info && { info }) };
    }
  }
}

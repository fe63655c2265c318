import { Injectable } from '@nestjs/common';
import type { GroupInfo, GroupMemberInfo } from '../../openim/openim-answers.js';
import { ErrCode, OpenImRefusal } from '../../openim/openim-error.js';
import { OpenImClient } from '../../openim/openim.client.js';
import { ChangesReader } from './changes-reader.js';
import type { ChangesResult, Unreadable } from './changes-result.js';
import { MemberListBuilder } from './member-list-builder.js';

/** Members in a page: some 400 bytes each, and OpenIM's messages hold 8 MiB. */
const PAGE = 1000;
/** Members in a page where OpenIM fails with more: their `ex` may be large. */
const SMALL_PAGE = 50;
/** Pages after which the changes since the last request are read: OpenIM reports no more than 200 at once. */
const PAGES_BETWEEN_CHANGES = 20;
/**
 * Maximum number of passes over a list. Each member who leaves moves one member from an unread page to one that was read, so one
 * pass may miss some. Members found by another pass are added.
 */
const PASSES = 3;
/** The same where nothing changed during the passes: then OpenIM's pages contradict each other. */
const QUIET_PASSES = 2;

/** All members of a group, as of OpenIM's last answer. */
export interface MemberList {
  readonly members: GroupMemberInfo[];
  /** Whether no member is missing: there are as many as OpenIM counts, and every change during the passes is known. */
  readonly isComplete: boolean;
  readonly info: GroupInfo;
  /** The changes at the end of the list. */
  readonly after: Exclude<ChangesResult, Unreadable>;
}

/** Reads all members of a group while its version may increase. */
@Injectable()
export class MemberListReader {
  constructor(
    private readonly openIm: OpenImClient,
    private readonly changes: ChangesReader,
  ) {}

  /**
   * Reads the list, and completes it by the changes since an earlier version.
   * @param before changes before the list is read
   * @param isBackground whether nobody needs the group within seconds
   * @returns the list; or `absent` or `failed`, where OpenIM answers so before its end
   * @throws the error of OpenIM, of an outage or of this group only
   */
  async read(
    groupID: string,
    before: ChangesResult,
    isBackground: boolean,
  ): Promise<MemberList | Unreadable> {
    const list = new MemberListBuilder(before);
    for (let pass = 1; ; pass += 1) {
      const unreadable = await this.readPages(groupID, list, isBackground);
      if (unreadable) {
        return unreadable;
      }
      if (!list.info) {
        const now = (await this.changes.readInfos([groupID])).get(groupID)!;
        if (now.kind !== 'versionless') {
          return now;
        }
        list.info = now.info;
      }
      if (list.isComplete || !list.canBeCompleted || pass >= (list.hasChanged ? PASSES : QUIET_PASSES)) {
        const { members, isComplete, info, last } = list;
        return { members: [...members.values()], isComplete, info, after: last as MemberList['after'] };
      }
    }
  }

  /** Reads all pages once. @returns the result of a group that cannot be read any longer */
  private async readPages(
    groupID: string,
    list: MemberListBuilder,
    isBackground: boolean,
  ): Promise<Unreadable | undefined> {
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
        const now = await this.changes.readSince(groupID, list.last, isBackground);
        if (now.kind === 'absent' || now.kind === 'failed') {
          return now;
        }
        list.addChanges(now);
      }
    }
    return undefined;
  }
}

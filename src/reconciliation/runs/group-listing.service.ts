import { Injectable } from '@nestjs/common';
import type { GroupInfo, PerGroup } from '../../openim/openim-answers.js';
import { OpenImClient } from '../../openim/openim.client.js';
import type { VersionlessGroup } from '../snapshots/known-groups.service.js';
import type { Run } from './run.js';

/** Groups in a page: 10,000 groups take 34 requests. */
export const CHUNK = 300;
/** Sizes of the pages, each for a part of a page that fails: one group may make OpenIM fail (an owner without an account). */
const PAGE_SIZES = [CHUNK, 30, 1];

/** A page of OpenIM's list of groups. */
export interface GroupPage {
  /** Number of groups in OpenIM that are not dismissed. */
  readonly total: number;
  readonly groups: PerGroup<GroupInfo>;
}

/** Lists the groups of OpenIM. A group for which OpenIM fails does not hide the others. */
@Injectable()
export class GroupListing {
  constructor(private readonly openIm: OpenImClient) {}

  /**
   * Reads a page of `CHUNK` groups, newest first. Groups that OpenIM cannot list are left out, and noted in the run.
   * @param pageNumber from 1
   * @throws the error of OpenIM in an outage
   */
  async page(pageNumber: number, run: Run): Promise<GroupPage> {
    const page = await this.read(pageNumber, 0, run);
    run.groups = page.total;
    return page;
  }

  /** Reads all pages. @throws as `page` */
  async *all(run: Run): AsyncGenerator<PerGroup<GroupInfo>> {
    for (let pageNumber = 1, pages = 1; pageNumber <= pages; pageNumber += 1) {
      const { total, groups } = await this.page(pageNumber, run);
      pages = Math.ceil(total / CHUNK);
      yield groups;
    }
  }

  /**
   * Selects, of groups without versions, those that OpenIM has again, or shows with other fields or another number of members.
   * @throws the error of OpenIM
   */
  async selectChanged(groups: VersionlessGroup[]): Promise<string[]> {
    if (groups.length === 0) {
      return [];
    }
    const infos = await this.openIm.getGroups(groups.map(({ groupID }) => groupID));
    return groups
      .filter(({ groupID, memberCount, status, groupName, ownerUserID, isAbsent }) => {
        const info = infos.get(groupID);
        return (
          info !== undefined &&
          (info instanceof Error ||
            isAbsent ||
            info.status !== status ||
            info.memberCount !== memberCount ||
            info.groupName !== groupName ||
            info.ownerUserID !== ownerUserID)
        );
      })
      .map(({ groupID }) => groupID);
  }

  private async read(pageNumber: number, level: number, run: Run): Promise<GroupPage> {
    const size = PAGE_SIZES[level]!;
    try {
      return await this.openIm.listGroups(pageNumber, size, level === 0 ? 1 : 0);
    } catch (error) {
      const reason = await this.openIm.reasonUnlessOutage(error);
      if (PAGE_SIZES[level + 1] === undefined) {
        run.note(`OpenIM cannot list the group at ${pageNumber} of its list: ${reason}`);
        return { total: 0, groups: new Map() };
      }
      return this.readInParts(pageNumber, level, run);
    }
  }

  private async readInParts(pageNumber: number, level: number, run: Run): Promise<GroupPage> {
    const parts = PAGE_SIZES[level]! / PAGE_SIZES[level + 1]!;
    let total = 0;
    const groups: PerGroup<GroupInfo> = new Map();
    for (let part = 1; part <= parts; part += 1) {
      const page = await this.read((pageNumber - 1) * parts + part, level + 1, run);
      total = Math.max(total, page.total);
      page.groups.forEach((info, groupID) => groups.set(groupID, info));
    }
    return { total, groups };
  }
}

import { Injectable } from '@nestjs/common';
import { Config } from '../../config/config.js';
import { OpenImClient } from '../../openim/openim.client.js';
import { KnownGroupsService } from '../snapshots/known-groups.service.js';
import { CHUNK, GroupListing } from './group-listing.service.js';
import type { Run } from './run.js';
import { RunLogService } from '../run-log/run-log.service.js';
import type { RunWork } from './run-work.js';

/** Age from which the full snapshot of a group is replaced, in ms. Each resync replaces so large a part that all take the same time. */
const SNAPSHOT_TTL_MS = 86_400_000 / 2;
/** The same age for active groups without versions, in ms: OpenIM does not report changes of their members. */
const VERSIONLESS_SNAPSHOT_TTL_MS = 600_000;
/** Maximum number of full snapshots that a resync takes for that reason. */
const VERSIONLESS_SNAPSHOTS = 20;
/** Minimum time between two searches for the same number of missing groups, in ms. */
const SEARCH_INTERVAL_MS = 600_000;
/** Part of the interval for which a resync waits for its groups at its end. Slower ones continue in their lanes. */
const WAIT_PART = 0.5;

/** The periodic run: finds the changes in OpenIM by few requests. A failed step does not affect the others. */
@Injectable()
export class ResyncService {
  /** The last groupID of the dismissed groups that the last resync checked: each checks a page. */
  private dismissedCursor = '';
  /** The last search for groups that OpenIM counts and the mirror lacks. */
  private lastSearch = { count: 0, at: -Infinity };

  constructor(
    private readonly openIm: OpenImClient,
    private readonly listing: GroupListing,
    private readonly known: KnownGroupsService,
    private readonly runs: RunLogService,
    private readonly config: Config,
  ) {}

  /** Does a resync. @throws the error that ends it: an outage of OpenIM or PostgreSQL; the signal's reason */
  async execute(work: RunWork): Promise<void> {
    const isBackfilling = !(await this.runs.hasBackfill());
    const [total, active] = await Promise.all([
      this.step(work.run, () => this.addNew(work, isBackfilling)),
      this.step(work.run, () => this.addStaleAndActive(work)),
    ]);
    const { count = 0, versionless = [] } = active ?? {};
    await this.step(work.run, () => this.addVersionless(work, versionless));
    if (total !== undefined && active && !isBackfilling) {
      await this.step(work.run, () => this.addMissing(work, total - count));
    }
    await this.step(work.run, () => this.addDismissed(work));
    await this.addLeastRecentlySnapshotted(
      work,
      Math.ceil((count * this.config.RECONCILE_INTERVAL) / SNAPSHOT_TTL_MS),
    );
    await work.doneWithin(this.config.RECONCILE_INTERVAL * WAIT_PART);
  }

  /** @returns undefined where OpenIM fails for the step without an outage */
  private async step<T>(run: Run, work: () => Promise<T>): Promise<T | undefined> {
    try {
      return await work();
    } catch (error) {
      run.note(await this.openIm.reasonUnlessOutage(error));
      return undefined;
    }
  }

  /**
   * Adds new groups, from the newest page to the first page of known groups. During a backfill, which lists all, one page is enough.
   * @returns the number of groups in OpenIM
   */
  private async addNew(work: RunWork, isBackfilling: boolean): Promise<number> {
    for (let pageNumber = 1; ; pageNumber += 1) {
      const { total, groups } = await this.listing.page(pageNumber, work.run);
      const unknown = work.excludeFailing(await this.known.selectUnknown(groups));
      if (!work.tryAdd(unknown, { priority: 'new' }) || unknown.length === 0 || isBackfilling) {
        return total;
      }
    }
  }

  /** @returns the number of active groups in the mirror, and those of them without versions */
  private async addStaleAndActive(work: RunWork): Promise<{ count: number; versionless: string[] }> {
    for await (const groupIDs of this.known.stale(CHUNK)) {
      await work.add(work.excludeFailing(groupIDs), { priority: 'resync' });
    }
    for await (const groupIDs of this.known.neverVerified(CHUNK)) {
      if (!work.tryAdd(work.excludeFailing(groupIDs), { priority: 'new' })) {
        break;
      }
    }
    let count = 0;
    const versionless: string[] = [];
    for await (const groups of this.known.active(CHUNK)) {
      count += groups.length;
      const [versioned, unversioned] = [true, false].map((which) =>
        groups.filter(({ isVersioned }) => isVersioned === which).map(({ groupID }) => groupID),
      ) as [string[], string[]];
      versionless.push(...unversioned);
      await work.add(work.excludeFailing(versioned), { priority: 'resync' });
    }
    return { count, versionless };
  }

  /** Adds active groups without versions: those whose info changed, and some whose full snapshot is old. */
  private async addVersionless(work: RunWork, groupIDs: string[]): Promise<void> {
    const before = new Date((await this.known.now()).getTime() - VERSIONLESS_SNAPSHOT_TTL_MS);
    let snapshots = VERSIONLESS_SNAPSHOTS;
    for (let start = 0; start < groupIDs.length; start += CHUNK) {
      const groups = await this.known.versionless(groupIDs.slice(start, start + CHUNK));
      const changed = new Set(await this.listing.selectChanged(groups));
      const due = groups
        .filter(({ groupID, fullSnapshotAt }) => !changed.has(groupID) && (fullSnapshotAt ?? 0) < before)
        .slice(0, snapshots)
        .map(({ groupID }) => groupID);
      snapshots -= due.length;
      await work.add(work.excludeFailing([...changed, ...due]), { priority: 'resync' });
    }
  }

  /** Adds the changed ones of a page of dismissed groups: one may become active again, or lose its members later. */
  private async addDismissed(work: RunWork): Promise<void> {
    const groups = await this.known.dismissed(this.dismissedCursor, CHUNK);
    this.dismissedCursor = groups.length < CHUNK ? '' : groups.at(-1)!.groupID;
    await work.add(work.excludeFailing(await this.listing.selectChanged(groups)), {
      priority: 'resync',
      whole: true,
    });
  }

  /** Adds the groups with the oldest full snapshots, which find changes that no version reports. */
  private async addLeastRecentlySnapshotted(work: RunWork, count: number): Promise<void> {
    const before = new Date((await this.known.now()).getTime() - SNAPSHOT_TTL_MS);
    const oldest = await this.known.leastRecentlySnapshotted(before, count + CHUNK);
    work.tryAdd(work.excludeFailing(oldest).slice(0, Math.max(count, 1)), {
      priority: 'background',
      whole: true,
    });
  }

  /** Searches all pages where OpenIM counts more groups than the mirror: a dismissed one became active again, or a page left one out. */
  private async addMissing(work: RunWork, missing: number): Promise<void> {
    const { count, at } = this.lastSearch;
    if (missing > 0 && (missing !== count || performance.now() - at > SEARCH_INTERVAL_MS)) {
      this.lastSearch = { count: missing, at: performance.now() };
      for await (const groups of this.listing.all(work.run)) {
        if (!work.tryAdd(work.excludeFailing(await this.known.selectUnknown(groups)), { priority: 'new' })) {
          return;
        }
      }
    }
  }
}

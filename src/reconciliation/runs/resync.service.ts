import { Injectable } from '@nestjs/common';
import { Config } from '../../config/config.js';
import { OpenImClient } from '../../openim/openim.client.js';
import { KnownGroupsService } from '../snapshots/known-groups.service.js';
import { CHUNK, GroupListing } from './group-listing.service.js';
import type { Run } from './run.js';
import { RunLogService } from '../run-log/run-log.service.js';
import type { RunWork } from './run-work.js';

/**
 * A group read whole less than half a day ago is not read again just because its turn comes; and so many have their turn in each
 * resync that all have had it half a day later.
 */
const RECENT_SNAPSHOT_MS = 86_400_000 / 2;
/** How often active groups without versions are read whole though nothing of the group itself changed, in ms. */
const VERSIONLESS_SNAPSHOT_MS = 600_000;
/** Groups without versions that each resync reads whole for that reason. */
const VERSIONLESS_SNAPSHOTS = 20;
/** Delay until as many groups as were not found the last time are searched again, in ms. */
const SEARCH_PAUSE_MS = 600_000;
/** The part of the interval for which a resync waits for its groups at its end. Those that take longer go on in their lanes. */
const PATIENCE = 0.5;

/** Finds what changed in OpenIM, with few requests. Every step of it may fail without the others. */
@Injectable()
export class ResyncService {
  /** Where resyncs are in the list of dismissed groups, of which each takes a part. */
  private dismissedCursor = '';
  /** The last search for groups that OpenIM counts and that are not known. */
  private searched = { count: 0, at: -Infinity };

  constructor(
    private readonly openIm: OpenImClient,
    private readonly listing: GroupListing,
    private readonly known: KnownGroupsService,
    private readonly runs: RunLogService,
    private readonly config: Config,
  ) {}

  /** @throws what ends the run: OpenIM or PostgreSQL is away; the signal's reason */
  async execute(work: RunWork): Promise<void> {
    const isFilling = !(await this.runs.hasBackfill());
    const [total, active] = await Promise.all([
      this.step(work.run, () => this.addNew(work, isFilling)),
      this.step(work.run, () => this.addStaleAndActive(work)),
    ]);
    const { count = 0, versionless = [] } = active ?? {};
    await this.step(work.run, () => this.addVersionless(work, versionless));
    if (total !== undefined && active && !isFilling) {
      await this.step(work.run, () => this.addMissing(work, total - count));
    }
    await this.step(work.run, () => this.addDismissed(work));
    await this.addLongestUnread(
      work,
      Math.ceil((count * this.config.RECONCILE_INTERVAL) / RECENT_SNAPSHOT_MS),
    );
    await work.doneWithin(this.config.RECONCILE_INTERVAL * PATIENCE);
  }

  /** @returns undefined where OpenIM fails for the step, but not as a whole */
  private async step<T>(run: Run, work: () => Promise<T>): Promise<T | undefined> {
    try {
      return await work();
    } catch (error) {
      run.note(await this.openIm.reasonUnlessAway(error));
      return undefined;
    }
  }

  /**
   * From the newest group on until all are known. While a backfill lists all groups the newest page is enough.
   * @returns how many groups OpenIM has
   */
  private async addNew(work: RunWork, isFilling: boolean): Promise<number> {
    for (let pageNumber = 1; ; pageNumber += 1) {
      const { total, groups } = await this.listing.page(pageNumber, work.run);
      const unread = work.withoutFailing(await this.known.unread(groups));
      if (!work.tryAdd(unread, { priority: 'new' }) || unread.length === 0 || isFilling) {
        return total;
      }
    }
  }

  /** @returns how many groups are known as active, and those of them of which OpenIM keeps no versions */
  private async addStaleAndActive(work: RunWork): Promise<{ count: number; versionless: string[] }> {
    for await (const groupIDs of this.known.stale(CHUNK)) {
      await work.add(work.withoutFailing(groupIDs), { priority: 'resync' });
    }
    for await (const groupIDs of this.known.neverRead(CHUNK)) {
      if (!work.tryAdd(work.withoutFailing(groupIDs), { priority: 'new' })) {
        break;
      }
    }
    let count = 0;
    const versionless: string[] = [];
    for await (const groups of this.known.active(CHUNK)) {
      count += groups.length;
      const [versioned, others] = [true, false].map((which) =>
        groups.filter(({ isVersioned }) => isVersioned === which).map(({ groupID }) => groupID),
      ) as [string[], string[]];
      versionless.push(...others);
      await work.add(work.withoutFailing(versioned), { priority: 'resync' });
    }
    return { count, versionless };
  }

  /** Active groups without an owner, of which OpenIM tells no changes: those whose own fields changed, and some in turn. */
  private async addVersionless(work: RunWork, groupIDs: string[]): Promise<void> {
    const before = new Date((await this.known.now()).getTime() - VERSIONLESS_SNAPSHOT_MS);
    let snapshots = VERSIONLESS_SNAPSHOTS;
    for (let start = 0; start < groupIDs.length; start += CHUNK) {
      const groups = await this.known.versionless(groupIDs.slice(start, start + CHUNK));
      const changed = new Set(await this.listing.changedOf(groups));
      const due = groups
        .filter(({ groupID, fullSnapshotAt }) => !changed.has(groupID) && (fullSnapshotAt ?? 0) < before)
        .slice(0, snapshots)
        .map(({ groupID }) => groupID);
      snapshots -= due.length;
      await work.add(work.withoutFailing([...changed, ...due]), { priority: 'resync' });
    }
  }

  /** A part of the dismissed groups, in turn: one may come back, or lose its members later. */
  private async addDismissed(work: RunWork): Promise<void> {
    const groups = await this.known.dismissed(this.dismissedCursor, CHUNK);
    this.dismissedCursor = groups.length < CHUNK ? '' : groups.at(-1)!.groupID;
    await work.add(work.withoutFailing(await this.listing.changedOf(groups)), {
      priority: 'resync',
      whole: true,
    });
  }

  /** What was read whole longest ago. */
  private async addLongestUnread(work: RunWork, count: number): Promise<void> {
    const before = new Date((await this.known.now()).getTime() - RECENT_SNAPSHOT_MS);
    const longest = await this.known.longestUnread(before, count + CHUNK);
    work.tryAdd(work.withoutFailing(longest).slice(0, Math.max(count, 1)), {
      priority: 'background',
      whole: true,
    });
  }

  /** OpenIM counts more groups than are known: one that was dismissed is not any more, or a page of the list left one out. */
  private async addMissing(work: RunWork, missing: number): Promise<void> {
    const { count, at } = this.searched;
    if (missing > 0 && (missing !== count || performance.now() - at > SEARCH_PAUSE_MS)) {
      this.searched = { count: missing, at: performance.now() };
      for await (const groups of this.listing.all(work.run)) {
        if (!work.tryAdd(work.withoutFailing(await this.known.unread(groups)), { priority: 'new' })) {
          return;
        }
      }
    }
  }
}

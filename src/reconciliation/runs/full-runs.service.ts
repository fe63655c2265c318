import { setTimeout as sleep } from 'node:timers/promises';
import { Injectable } from '@nestjs/common';
import { CACHE_WINDOW_S } from '../../openim/timing.js';
import { KnownGroupsService } from '../snapshots/known-groups.service.js';
import { CHUNK, GroupListing } from './group-listing.service.js';
import type { RunWork } from './run-work.js';

/** Maximum number of passes over the list of groups. One pass may miss a group that moves up; passes end when one finds nothing new. */
const LISTINGS = 5;
/** Rounds in which a run retries the groups that are not verified at its end. */
const RETRY_ROUNDS = 2;

const BACKGROUND = { priority: 'background' } as const;
const WHOLE = { priority: 'background', whole: true } as const;

/** Runs over all groups: the backfill reads the groups that were never read, the full run takes a full snapshot of each group. */
@Injectable()
export class FullRunsService {
  /** Delay before each round of retries, in ms: OpenIM's caches may hold the state before a callback. */
  retryDelayMs = CACHE_WINDOW_S * 1000;

  constructor(
    private readonly listing: GroupListing,
    private readonly known: KnownGroupsService,
  ) {}

  /**
   * Reads every group that was never read. After a crash the groups read before are skipped.
   * @throws the error that ends the run: an outage of OpenIM or PostgreSQL; the signal's reason
   */
  async backfill(work: RunWork, signal: AbortSignal): Promise<void> {
    for (let listing = 1, isNew = true; isNew && listing <= LISTINGS; listing += 1) {
      isNew = false;
      for await (const groups of this.listing.all(work.run)) {
        const unknown = work.excludeFailing(await this.known.selectUnknown(groups));
        if (listing === 1) {
          work.run.skip(groups.size - unknown.length);
        }
        isNew ||= unknown.length > 0;
        await work.add(unknown, BACKGROUND);
      }
      await work.done();
    }
    for await (const groupIDs of this.known.neverVerified(CHUNK)) {
      await work.add(work.excludeFailing(groupIDs), BACKGROUND);
    }
    await this.retryUnfinished(work, signal);
  }

  /**
   * Takes a full snapshot of every group.
   * @throws as `backfill`
   */
  async full(work: RunWork, signal: AbortSignal): Promise<void> {
    const start = await this.known.now();
    for await (const groups of this.listing.all(work.run)) {
      await work.add([...groups.keys()], WHOLE);
    }
    await work.done();
    for await (const groupIDs of this.known.stale(CHUNK)) {
      await work.add(work.excludeFailing(groupIDs), WHOLE);
    }
    for await (const groupIDs of this.known.neverVerified(CHUNK)) {
      await work.add(work.excludeFailing(groupIDs), WHOLE);
    }
    await work.done();
    await this.addUnlisted(work, start);
    await this.addDismissed(work);
    await this.retryUnfinished(work, signal);
  }

  /** Adds the groups that the list left out. The same groups twice in a row cannot be read. */
  private async addUnlisted(work: RunWork, start: Date): Promise<void> {
    let last = '';
    let rest = await this.known.leastRecentlySnapshotted(start, CHUNK);
    while (rest.length > 0 && rest.join() !== last) {
      await work.add(rest, WHOLE);
      await work.done();
      last = rest.join();
      rest = await this.known.leastRecentlySnapshotted(start, CHUNK);
    }
  }

  /** Adds the dismissed groups that changed in OpenIM or have members. */
  private async addDismissed(work: RunWork): Promise<void> {
    for (let cursor: string | undefined = ''; cursor !== undefined;) {
      const groups = await this.known.dismissed(cursor, CHUNK);
      const changed = await this.listing.selectChanged(groups);
      const withMembers = groups.filter(({ memberCount, isAbsent }) => memberCount > 0 && !isAbsent);
      await work.add([...new Set([...changed, ...withMembers.map(({ groupID }) => groupID)])], WHOLE);
      cursor = groups.length < CHUNK ? undefined : groups.at(-1)!.groupID;
    }
  }

  /** Reconciles again the groups that failed or were too recent. */
  private async retryUnfinished(work: RunWork, signal: AbortSignal): Promise<void> {
    await work.done();
    for (let round = 1; work.run.unfinished.length > 0 && round <= RETRY_ROUNDS; round += 1) {
      await sleep(this.retryDelayMs, undefined, { signal }).catch(() => signal.throwIfAborted());
      const groupIDs = work.run.unfinished;
      while (groupIDs.length > 0) {
        await work.add(groupIDs.splice(0, CHUNK), BACKGROUND);
      }
      await work.done();
    }
    if (work.run.tooRecent.size > 0) {
      work.run.note(
        `${work.run.tooRecent.size} groups changed too recently; the next resync reconciles them`,
      );
    }
  }
}

import { setTimeout as sleep } from 'node:timers/promises';
import { Injectable } from '@nestjs/common';
import { KnownGroupsService } from '../snapshots/known-groups.service.js';
import { CHUNK, GroupListing } from './group-listing.service.js';
import type { RunWork } from './run-work.js';

/** A list of all groups may miss one that moved up while it was read: it is read until nothing new is in it, but not for ever. */
const LISTINGS = 5;
/** Delay until a run that is to settle everything reconciles once more what OpenIM did not show clearly, in ms. */
const SETTLING_MS = 5000;
const SETTLING_ROUNDS = 2;

const BACKGROUND = { priority: 'background' } as const;
const WHOLE = { priority: 'background', whole: true } as const;

/** Runs over all groups: the backfill reads what was never read, the full run every group once more. */
@Injectable()
export class FullRunsService {
  constructor(
    private readonly listing: GroupListing,
    private readonly known: KnownGroupsService,
  ) {}

  /**
   * Reads every group that was never read. What was read before a crash is not read again.
   * @throws what ends the run: OpenIM or PostgreSQL is away; the signal's reason
   */
  async backfill(work: RunWork, signal: AbortSignal): Promise<void> {
    for (let listing = 1, found = true; found && listing <= LISTINGS; listing += 1) {
      found = false;
      for await (const groups of this.listing.all(work.run)) {
        const unread = work.withoutFailing(await this.known.unread(groups));
        if (listing === 1) {
          work.run.skip(groups.size - unread.length);
        }
        found ||= unread.length > 0;
        await work.add(unread, BACKGROUND);
      }
      await work.done();
    }
    for await (const groupIDs of this.known.neverRead(CHUNK)) {
      await work.add(work.withoutFailing(groupIDs), BACKGROUND);
    }
    await this.settle(work, signal);
  }

  /**
   * Reads every group once more, whole.
   * @throws as `backfill`
   */
  async full(work: RunWork, signal: AbortSignal): Promise<void> {
    const start = await this.known.now();
    for await (const groups of this.listing.all(work.run)) {
      await work.add([...groups.keys()], WHOLE);
    }
    await work.done();
    for await (const groupIDs of this.known.stale(CHUNK)) {
      await work.add(work.withoutFailing(groupIDs), WHOLE);
    }
    for await (const groupIDs of this.known.neverRead(CHUNK)) {
      await work.add(work.withoutFailing(groupIDs), WHOLE);
    }
    await work.done();
    await this.addRest(work, start);
    for (let after: string | undefined = ''; after !== undefined;) {
      const groups = await this.known.dismissed(after, CHUNK);
      const changed = await this.listing.changedOf(groups);
      const living = groups.filter(({ memberCount, isAbsent }) => memberCount > 0 && !isAbsent);
      await work.add([...new Set([...changed, ...living.map(({ groupID }) => groupID)])], WHOLE);
      after = groups.length < CHUNK ? undefined : groups.at(-1)!.groupID;
    }
    await this.settle(work, signal);
  }

  /** What the list left out. Where the same ones come again OpenIM could not be asked about them. */
  private async addRest(work: RunWork, start: Date): Promise<void> {
    let last = '';
    let rest = await this.known.longestUnread(start, CHUNK);
    while (rest.length > 0 && rest.join() !== last) {
      await work.add(rest, WHOLE);
      await work.done();
      last = rest.join();
      rest = await this.known.longestUnread(start, CHUNK);
    }
  }

  /** Reconciles once more what OpenIM did not show clearly. */
  private async settle(work: RunWork, signal: AbortSignal): Promise<void> {
    await work.done();
    for (let round = 1; work.run.unfinished.length > 0 && round <= SETTLING_ROUNDS; round += 1) {
      await sleep(SETTLING_MS, undefined, { signal }).catch(() => signal.throwIfAborted());
      const again = work.run.unfinished;
      while (again.length > 0) {
        await work.add(again.splice(0, CHUNK), BACKGROUND);
      }
      await work.done();
    }
    if (work.run.tooRecent.size > 0) {
      work.run.note(`${work.run.tooRecent.size} groups are not settled yet and are reconciled again`);
    }
  }
}

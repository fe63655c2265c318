import { setTimeout as sleep } from 'node:timers/promises';
import { Injectable } from '@nestjs/common';
import { Config } from '../../config.js';
import type { GroupInfo } from '../../openim/openim-answers.js';
import { DISMISSED } from '../../openim/constants.js';
import { OpenImClient } from '../../openim/openim.client.js';
import { Agenda } from '../agenda.js';
import { type GoneGroup, KnownGroupsService } from '../known-groups.service.js';
import { LookService } from '../look.service.js';
import type { RunKind } from './reconciliation-run.entity.js';
import { Run } from './run.js';

/** Groups asked about in one request: ten thousand are 34 requests. */
const CHUNK = 300;
const DAY_MS = 86_400_000;
/**
 * A group read less than half a day ago is not read again just because its turn would come; and so many have their turn in each
 * sweep that all have had it half a day later.
 */
const RESTED_MS = DAY_MS / 2;
/** A list of all groups may miss one that moved up while it was read: it is read until nothing new is in it, but not for ever. */
const LISTINGS = 5;
/** How long before it is searched again for as many groups as were not found the last time, in ms. */
const SEARCH_PAUSE_MS = 600_000;
/** So many groups of which OpenIM keeps no versions are read whole by each sweep. */
const UNVERSIONED = 20;
/** When what OpenIM may not have shown yet is looked at again by a run that is to settle everything, in ms. */
const SETTLING_MS = 5000;
const SETTLING_ROUNDS = 2;

/** What a run reports to while it is under way. */
export type Progress = (run: Run) => Promise<void> | void;

/** Goes through OpenIM's groups. */
@Injectable()
export class RunnerService {
  /** Where the sweeps are in lists of which each takes some. */
  private readonly turns = { unversioned: '', gone: '' };
  /** The last search for groups that OpenIM counts and that are not known. */
  private searched = { count: 0, at: -Infinity };

  constructor(
    private readonly openIm: OpenImClient,
    private readonly looks: LookService,
    private readonly known: KnownGroupsService,
    private readonly agenda: Agenda,
    private readonly config: Config,
  ) {}

  /** A run that has not begun. */
  prepare(kind: RunKind): Run {
    return new Run(kind, () => this.openIm.requests);
  }

  /**
   * Does a run to its end.
   * @throws OpenImRefusal, OpenImUnreachable; the driver's error; the signal's reason
   */
  async execute(run: Run, signal: AbortSignal, progress: Progress): Promise<void> {
    const look = (groupIDs: string[], whole = false): Promise<void> =>
      this.lookAt(groupIDs, whole, run, signal, progress);
    if (run.kind === 'sweep') {
      await this.sweep(run, look);
    } else if (run.kind === 'backfill') {
      await this.readUnread(run, look);
      await each(this.known.neverRead(CHUNK), look);
      await this.settle(run, look, signal);
    } else {
      await this.readAll(run, look);
      await this.settle(run, look, signal);
    }
  }

  /** Stale first, never read next, then what changed, longest unread last. */
  private async sweep(run: Run, look: LookAt): Promise<void> {
    await each(this.known.stale(CHUNK), (groupIDs) => look(this.notPutOff(groupIDs)));
    const total = await this.readNew(run, look);
    await each(this.known.neverRead(CHUNK), (groupIDs) => look(this.notPutOff(groupIDs)));
    let alive = 0;
    const unversioned: string[] = [];
    for await (const groups of this.known.alive(CHUNK)) {
      alive += groups.length;
      const [versioned, others] = [true, false].map((which) =>
        groups.filter((group) => group.versioned === which).map(({ groupID }) => groupID),
      );
      unversioned.push(...others!);
      await look(this.notPutOff(versioned!));
    }
    await look(this.notPutOff(this.nextOf(unversioned)));
    await this.findMissing(run, look, total - alive);
    await this.readGone(look);
    await this.readRested(look, Math.ceil((alive * this.config.RECONCILE_INTERVAL) / RESTED_MS));
  }

  private notPutOff(groupIDs: string[]): string[] {
    return groupIDs.filter((groupID) => !this.agenda.isPutOff(groupID, Date.now()));
  }

  /** The next ones in turn, of groups without versions in the order of their ids. */
  private nextOf(unversioned: string[]): string[] {
    const after = unversioned.filter((groupID) => groupID > this.turns.unversioned);
    const next = [...after, ...unversioned].slice(0, Math.min(UNVERSIONED, unversioned.length));
    this.turns.unversioned = next.at(-1) ?? '';
    return next;
  }

  /** Some of the groups that are gone, in turn: one may come back, or lose its members later. */
  private async readGone(look: LookAt): Promise<void> {
    const groups = await this.known.gone(this.turns.gone, CHUNK);
    this.turns.gone = groups.length < CHUNK ? '' : groups.at(-1)!.groupID;
    await look(this.notPutOff(await this.changedOf(groups)), true);
  }

  /** @returns of groups that are gone those that OpenIM has again, shows as alive, or with another number of members */
  private async changedOf(groups: GoneGroup[]): Promise<string[]> {
    const groupIDs = groups.map(({ groupID }) => groupID);
    const infos = groupIDs.length > 0 ? await this.openIm.getGroups(groupIDs) : new Map<string, GroupInfo>();
    return groups
      .filter(({ groupID, memberCount, absent }) => {
        const info = infos.get(groupID);
        return info && (absent || info.status !== DISMISSED || info.memberCount !== memberCount);
      })
      .map(({ groupID }) => groupID);
  }

  /** What was read whole longest ago, so many. */
  private async readRested(look: LookAt, turn: number): Promise<void> {
    const rested = new Date((await this.known.now()).getTime() - RESTED_MS);
    const longest = await this.known.longestUnread(rested, turn + CHUNK);
    await look(this.notPutOff(longest).slice(0, turn), true);
  }

  /** OpenIM counts more groups than are known: one that was dismissed is not any more, or a page of the list left one out. */
  private async findMissing(run: Run, look: LookAt, missing: number): Promise<void> {
    const { count, at } = this.searched;
    if (missing > 0 && (missing !== count || Date.now() - at > SEARCH_PAUSE_MS)) {
      this.searched = { count: missing, at: Date.now() };
      await this.readUnread(run, look);
    }
  }

  /** From the newest group on until all are known. @returns how many groups OpenIM has */
  private async readNew(run: Run, look: LookAt): Promise<number> {
    for (let page = 1; ; page += 1) {
      const { total, groups } = await this.openIm.listGroups(page, CHUNK);
      run.groups = total;
      const unread = this.notPutOff(await this.known.unread(groups));
      if (unread.length === 0) {
        return total;
      }
      await look(unread);
    }
  }

  /** All that are not read yet. What was read before a crash is not read again. */
  private async readUnread(run: Run, look: LookAt): Promise<void> {
    for (let listing = 1, found = true; found && listing <= LISTINGS; listing += 1) {
      found = false;
      for await (const groups of this.allGroups(run)) {
        const unread = this.notPutOff(await this.known.unread(groups));
        if (listing === 1) {
          run.skip(groups.length - unread.length);
        }
        found ||= unread.length > 0;
        await look(unread);
      }
    }
  }

  /** All once more, whole. */
  private async readAll(run: Run, look: LookAt): Promise<void> {
    const start = await this.known.now();
    for await (const groups of this.allGroups(run)) {
      await look(
        groups.map(({ groupID }) => groupID),
        true,
      );
    }
    await each(this.known.stale(CHUNK), (groupIDs) => look(groupIDs, true));
    await each(this.known.neverRead(CHUNK), (groupIDs) => look(groupIDs, true));
    await this.readRest(look, start);
    for (let after: string | undefined = ''; after !== undefined;) {
      const groups: GoneGroup[] = await this.known.gone(after, CHUNK);
      await look(await this.changedOf(groups), true);
      after = groups.length < CHUNK ? undefined : groups.at(-1)!.groupID;
    }
  }

  /** What the list left out. Where the same ones come again OpenIM could not be asked about them. */
  private async readRest(look: LookAt, start: Date): Promise<void> {
    let last = '';
    let rest = await this.known.longestUnread(start, CHUNK);
    while (rest.length > 0 && rest.join() !== last) {
      await look(rest, true);
      last = rest.join();
      rest = await this.known.longestUnread(start, CHUNK);
    }
  }

  private async *allGroups(run: Run): AsyncGenerator<GroupInfo[]> {
    for (let page = 1, pages = 1; page <= pages; page += 1) {
      const { total, groups } = await this.openIm.listGroups(page, CHUNK);
      run.groups = total;
      pages = groups.length === 0 ? page : Math.ceil(total / CHUNK);
      yield groups;
    }
  }

  /** Looks again at what OpenIM did not show clearly. */
  private async settle(run: Run, look: LookAt, signal: AbortSignal): Promise<void> {
    for (let round = 1; run.unsettled.size > 0 && round <= SETTLING_ROUNDS; round += 1) {
      await sleep(SETTLING_MS, undefined, { signal }).catch(() => signal.throwIfAborted());
      const again = [...run.unsettled];
      while (again.length > 0) {
        await look(again.splice(0, CHUNK));
      }
    }
    if (run.unsettled.size > 0) {
      run.problem = `${run.unsettled.size} groups could not be read whole from OpenIM; they are looked at again`;
    }
  }

  private async lookAt(
    groupIDs: string[],
    whole: boolean,
    run: Run,
    signal: AbortSignal,
    progress: Progress,
  ): Promise<void> {
    signal.throwIfAborted();
    if (groupIDs.length === 0) {
      return;
    }
    for await (const looks of this.looks.look(groupIDs, whole)) {
      for (const look of looks) {
        run.count(look);
        this.agenda.settle(look, Date.now());
      }
      await progress(run);
      signal.throwIfAborted();
    }
  }
}

type LookAt = (groupIDs: string[], whole?: boolean) => Promise<void>;

async function each(lists: AsyncIterable<string[]>, look: LookAt): Promise<void> {
  for await (const groupIDs of lists) {
    await look(groupIDs);
  }
}

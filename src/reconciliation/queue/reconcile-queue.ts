import { Injectable } from '@nestjs/common';
import { Config } from '../../config/config.js';
import type { ReconcileResult } from './reconcile-result.js';

/** Delay between a callback and the reconciliation of its group, in ms. Callbacks arrive in bursts. */
const DEBOUNCE_MS = 1000;
/** Delay until the group is reconciled once more, in ms: OpenIM's caches may have been of before the callback. */
const ONCE_MORE_MS = 5000;
/** Delay after the first failure of a group, in ms. It doubles with each failure in a row. */
const RETRY_MS = 2000;
/** The longest delay after a failure, in ms, whatever the interval of resyncs is: a group is right soon after its fault ends. */
const LAST_RETRY_MS = 60_000;
/** Groups that wait at most. More are left to the next resync, which finds what callbacks wrote. */
const ROOM = 10_000;

/** When a group is to be reconciled, and how. */
export interface QueuedGroup {
  due: number;
  whole: boolean;
  /** Whether it is reconciled once more afterwards. */
  onceMore: boolean;
  failures: number;
}

/** The groups that this process is to reconcile, and when. Moments are in ms of any clock. */
@Injectable()
export class ReconcileQueue {
  private readonly groups = new Map<string, QueuedGroup>();
  /** Groups that were taken and are not done yet, with their failures: until then they are not taken again. */
  private readonly processing = new Map<string, number>();
  private readonly lastRetryMs: number;

  constructor(config: Config) {
    this.lastRetryMs = Math.min(LAST_RETRY_MS, Math.max(config.RECONCILE_INTERVAL, 2 * RETRY_MS));
  }

  /** How many groups wait. */
  get size(): number {
    return this.groups.size;
  }

  /** A callback named the group. */
  add(groupID: string, now: number): void {
    const queued = this.groups.get(groupID);
    if (queued) {
      queued.due = Math.min(queued.due, now + DEBOUNCE_MS);
      queued.onceMore = true;
    } else if (this.groups.size < ROOM) {
      this.groups.set(groupID, { due: now + DEBOUNCE_MS, whole: false, onceMore: true, failures: 0 });
    }
  }

  /** How often the group failed in a row. */
  failuresOf(groupID: string): number {
    return Math.max(this.groups.get(groupID)?.failures ?? 0, this.processing.get(groupID) ?? 0);
  }

  /** Takes the groups that are due, the longest due first. */
  take(now: number, limit: number): Map<string, QueuedGroup> {
    const due = Array.from(this.groups)
      .filter(([groupID, queued]) => queued.due <= now && !this.processing.has(groupID))
      .toSorted(([, one], [, other]) => one.due - other.due)
      .slice(0, limit);
    for (const [groupID, { failures }] of due) {
      this.groups.delete(groupID);
      this.processing.set(groupID, failures);
    }
    return new Map(due);
  }

  /** Notes what follows from a result. @param taken the entry that was taken; undefined: the group was not in the queue */
  done({ groupID, state, whole }: ReconcileResult, now: number, taken?: QueuedGroup): void {
    if (state === 'unverified' || state === 'failed') {
      const failures = taken?.failures ?? this.failuresOf(groupID);
      const due = now + Math.min(RETRY_MS * 2 ** failures, this.lastRetryMs);
      this.put(groupID, { due, whole: state === 'unverified', onceMore: false, failures: failures + 1 });
    } else if (state === 'tooRecent' || state === 'outdated' || taken?.onceMore) {
      this.put(groupID, { due: now + ONCE_MORE_MS, whole, onceMore: false, failures: 0 });
    } else {
      this.forgive(groupID);
    }
    if (taken) {
      this.processing.delete(groupID);
    }
  }

  /** OpenIM or PostgreSQL was away: the groups are due again, a little later. */
  requeue(taken: Map<string, QueuedGroup>, now: number): void {
    for (const [groupID, queued] of taken) {
      this.put(groupID, { ...queued, due: now + RETRY_MS });
      this.processing.delete(groupID);
    }
  }

  /** A run reconciled a group that failed before: it needs no retry. A callback that named it meanwhile stays. */
  private forgive(groupID: string): void {
    const queued = this.groups.get(groupID);
    if (queued && queued.failures > 0 && !queued.onceMore) {
      this.groups.delete(groupID);
    }
  }

  /** What a callback asked for meanwhile comes first. Where there is no room the next resync finds the group. */
  private put(groupID: string, entry: QueuedGroup): void {
    const queued = this.groups.get(groupID);
    if (queued?.onceMore) {
      queued.due = Math.min(queued.due, entry.due);
      queued.whole ||= entry.whole;
      queued.failures = entry.failures;
    } else if (queued || this.groups.size < ROOM) {
      this.groups.set(groupID, entry);
    }
  }
}

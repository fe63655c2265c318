import { Injectable } from '@nestjs/common';
import { Config } from '../../config/config.js';
import { CACHE_WINDOW_S } from '../../openim/timing.js';
import type { ReconcileResult } from './reconcile-result.js';

/** Delay between a callback and the reconciliation of its group, in ms. Callbacks arrive in bursts. */
const DEBOUNCE_MS = 1000;
/** Delay until the group is reconciled again, in ms: the first time OpenIM's caches may hold the state before the callback. */
const RECHECK_MS = CACHE_WINDOW_S * 1000;
/** Delay after the first failure of a group, in ms. It doubles with each failure in a row. */
const RETRY_BASE_MS = 2000;
/** Longest delay after a failure, in ms, whatever the interval of resyncs is: a group is right soon after its fault ends. */
const RETRY_MAX_MS = 60_000;
/** Maximum number of queued groups. The next resync finds the others by what their callbacks wrote. */
const MAX_QUEUED = 10_000;

/** When a group is to be reconciled, and how. */
export interface QueuedGroup {
  due: number;
  /** Whether a full snapshot is needed. */
  whole: boolean;
  /** Whether the group is reconciled again `RECHECK_MS` later. */
  recheck: boolean;
  failures: number;
}

/** Delaying work queue of the groups that this process reconciles. Times are in ms of any clock. */
@Injectable()
export class ReconcileQueue {
  private readonly groups = new Map<string, QueuedGroup>();
  /** Failures of each group that is being processed. Until it is done `take` skips the group. */
  private readonly processing = new Map<string, number>();
  private readonly retryMaxMs: number;

  constructor(config: Config) {
    this.retryMaxMs = Math.min(RETRY_MAX_MS, Math.max(config.RECONCILE_INTERVAL, 2 * RETRY_BASE_MS));
  }

  /** Number of queued groups. */
  get size(): number {
    return this.groups.size;
  }

  /** Adds a group that a callback named. */
  add(groupID: string, now: number): void {
    const queued = this.groups.get(groupID);
    if (queued) {
      queued.due = Math.min(queued.due, now + DEBOUNCE_MS);
      queued.recheck = true;
    } else if (this.groups.size < MAX_QUEUED) {
      this.groups.set(groupID, { due: now + DEBOUNCE_MS, whole: false, recheck: true, failures: 0 });
    }
  }

  /** Number of failures of a group in a row. */
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

  /**
   * Ends the processing of a group, and queues it again where its result requires that.
   * @param taken the entry that `take` returned; undefined: a run reconciled the group
   */
  done({ groupID, state, whole }: ReconcileResult, now: number, taken?: QueuedGroup): void {
    if (state === 'unverified' || state === 'failed') {
      const failures = taken?.failures ?? this.failuresOf(groupID);
      const due = now + Math.min(RETRY_BASE_MS * 2 ** failures, this.retryMaxMs);
      this.put(groupID, { due, whole: state === 'unverified', recheck: false, failures: failures + 1 });
    } else if (state === 'tooRecent' || state === 'outdated' || taken?.recheck) {
      this.put(groupID, { due: now + RECHECK_MS, whole, recheck: false, failures: 0 });
    } else {
      this.forget(groupID);
    }
    if (taken) {
      this.processing.delete(groupID);
    }
  }

  /** Queues the taken groups again after an outage of OpenIM or PostgreSQL, `RETRY_BASE_MS` later. */
  requeue(taken: Map<string, QueuedGroup>, now: number): void {
    for (const [groupID, queued] of taken) {
      this.put(groupID, { ...queued, due: now + RETRY_BASE_MS });
      this.processing.delete(groupID);
    }
  }

  /** Drops the retry of a group that a run has reconciled. A callback that named the group since stays queued. */
  private forget(groupID: string): void {
    const queued = this.groups.get(groupID);
    if (queued && queued.failures > 0 && !queued.recheck) {
      this.groups.delete(groupID);
    }
  }

  /** Merges an entry with the one that a callback queued since. A full queue drops the entry: the next resync finds the group. */
  private put(groupID: string, entry: QueuedGroup): void {
    const queued = this.groups.get(groupID);
    if (queued?.recheck) {
      queued.due = Math.min(queued.due, entry.due);
      queued.whole ||= entry.whole;
      queued.failures = entry.failures;
    } else if (queued || this.groups.size < MAX_QUEUED) {
      this.groups.set(groupID, entry);
    }
  }
}

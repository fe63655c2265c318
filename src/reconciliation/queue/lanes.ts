import { setTimeout as sleep } from 'node:timers/promises';
import { Injectable } from '@nestjs/common';
import PQueue from 'p-queue';
import { LAST_TIME_MS } from '../../postgres/storable-time.js';

/** Origin of a reconciliation: a callback named the group; a resync found it changed, or new; a run over all groups reads it. */
export type Priority = 'callback' | 'resync' | 'new' | 'background';

/**
 * Concurrent groups of each lane. A group has one request in progress at a time.
 * `small`: groups of callbacks and resyncs. `background`: new groups, and those of backfills and full runs. `large`: groups of
 * which one takes many seconds. `failing`: groups that failed the last time; one may take as long as the longest time limit.
 */
export const LANES = { small: 4, background: 8, large: 1, failing: 2 } as const;
type Lane = keyof typeof LANES;

/** Time for which a group holds its place in the lanes `small` and `background`, in ms. A slower group lets another one in. */
const SLOW_MS = 1000;
/** Maximum number of slow groups that run beside those lanes. */
const MAX_SLOW = 8;

/** Number of members from which a group is large. */
export const LARGE_MEMBERS = 5000;

const PRIORITIES: Readonly<Record<Priority, number>> = { callback: 3, resync: 2, new: 1, background: 0 };

/** Whether the group belongs into the lane `background`: nobody needs it within seconds. */
export const isBackground = (priority: Priority): boolean => priority === 'new' || priority === 'background';

/** Whether a group of the first priority overtakes one of the second, which is in the lane `background`. */
export const isMoreUrgent = (one: Priority, other: Priority): boolean =>
  isBackground(other) && !isBackground(one);

/** The properties of a group that decide about its lane. */
export interface LaneKeys {
  readonly priority: Priority;
  readonly members: number;
  /** In ms since 1970; 0: unknown. The newest of the new groups is first. */
  readonly createTime: number;
  readonly isFailing: boolean;
}

/** Bulkheads: groups that are slow, or fail, do not delay others, since each kind has its own lane. */
@Injectable()
export class Lanes {
  private readonly queues = new Map(
    Object.entries(LANES).map(([lane, concurrency]) => [lane, new PQueue({ concurrency })]),
  );

  private slow = 0;

  /**
   * Runs the work of a group when its lane has room.
   * @throws what the work throws; the reason of a signal that is aborted before
   */
  async run<T>(keys: LaneKeys, signal: AbortSignal | undefined, work: () => Promise<T>): Promise<T> {
    const lane = laneOf(keys);
    const options = { priority: priorityOf(keys), ...(signal && { signal }) };
    const { working } = await this.queues.get(lane)!.add(async () => {
      const running = work();
      running.catch(() => undefined); // the caller awaits it
      await (lane === 'large' || lane === 'failing'
        ? running.catch(() => undefined)
        : this.untilDoneOrSlow(running));
      return { working: running }; // in an object: the lane would await a promise
    }, options);
    return working;
  }

  /** Waits for the work, or until it is slow: then it continues beside the lane, and its place is free. */
  private async untilDoneOrSlow(work: Promise<unknown>): Promise<void> {
    const end = work.then(
      () => false,
      () => false,
    );
    const timer = new AbortController();
    const isSlow = await Promise.race([
      end,
      sleep(SLOW_MS, true, { signal: timer.signal }).catch(() => false),
    ]);
    timer.abort();
    if (!isSlow) {
      return;
    }
    if (this.slow >= MAX_SLOW) {
      await end;
      return;
    }
    this.slow += 1;
    void end.then(() => (this.slow -= 1));
  }
}

const priorityOf = ({ priority, createTime }: LaneKeys): number =>
  PRIORITIES[priority] + (priority === 'new' ? Math.min(createTime / LAST_TIME_MS, 0.999) : 0);

function laneOf({ priority, members, isFailing }: LaneKeys): Lane {
  if (isFailing) {
    return 'failing';
  }
  if (members >= LARGE_MEMBERS) {
    return 'large';
  }
  return isBackground(priority) ? 'background' : 'small';
}

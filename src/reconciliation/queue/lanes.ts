import { setTimeout as sleep } from 'node:timers/promises';
import { Injectable } from '@nestjs/common';
import PQueue from 'p-queue';
import { LAST_TIME_MS } from '../../postgres/storable-time.js';

/** Who waits for a group to be reconciled: a callback named it; a resync found it changed, or new; a run over all groups has come to it. */
export type Priority = 'callback' | 'resync' | 'new' | 'background';

/**
 * Groups that are read from OpenIM and written at once, for each lane. A group has one request under way at a time.
 * `small`: what callbacks and resyncs ask for. `background`: new groups, and what backfills and full runs ask for. `large`: groups of
 * which one takes many seconds. `failing`: groups that failed the last time; one may take as long as the longest timeout.
 */
export const LANES = { small: 4, background: 8, large: 1, failing: 2 } as const;
type Lane = keyof typeof LANES;

/** How long a group has its place in the lanes `small` and `background`, in ms: one that takes longer lets another one in. */
const SLOW_MS = 1000;
/** Groups that may go on beside those lanes. */
const SLOW = 8;

/** Members from which on a group is large. */
export const LARGE_MEMBERS = 5000;

const PRIORITIES: Readonly<Record<Priority, number>> = { callback: 3, resync: 2, new: 1, background: 0 };

/** Whether nobody waits for the group within seconds. */
export const isOfBackground = (priority: Priority): boolean =>
  priority === 'new' || priority === 'background';

/** Whether a group is done earlier for the one than for the other, who has it in the lane of the background. */
export const isMoreUrgent = (one: Priority, other: Priority): boolean =>
  isOfBackground(other) && !isOfBackground(one);

/** What decides about a group's lane. */
export interface LaneKeys {
  readonly priority: Priority;
  readonly members: number;
  /** In ms; 0: not known. Of new groups the newest is first. */
  readonly createTime: number;
  readonly isFailing: boolean;
}

/** Keeps groups that take long, or fail, from delaying others: each kind has its own lane. */
@Injectable()
export class Lanes {
  private readonly queues = new Map(
    Object.entries(LANES).map(([lane, concurrency]) => [lane, new PQueue({ concurrency })]),
  );

  private slow = 0;

  /**
   * Does a group's work when its lane has room.
   * @throws what the work throws; the signal's reason where it is aborted before
   */
  async run<T>(keys: LaneKeys, signal: AbortSignal | undefined, work: () => Promise<T>): Promise<T> {
    const lane = laneOf(keys);
    const options = { priority: priorityOf(keys), ...(signal && { signal }) };
    const { working } = await this.queues.get(lane)!.add(async () => {
      const running = work();
      running.catch(() => undefined); // it is waited for below
      await (lane === 'large' || lane === 'failing'
        ? running.catch(() => undefined)
        : this.whileQuick(running));
      return { working: running }; // in an object: a promise would be waited for here
    }, options);
    return working;
  }

  /** Waits for the work, or until it is slow: then it goes on, and its place is free for others. */
  private async whileQuick(work: Promise<unknown>): Promise<void> {
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
    if (this.slow >= SLOW) {
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
  return isOfBackground(priority) ? 'background' : 'small';
}

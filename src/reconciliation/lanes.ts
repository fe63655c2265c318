import { Injectable } from '@nestjs/common';
import PQueue from 'p-queue';
import { LAST_TIME_MS } from '../storable-time.js';

/** Who waits for a group to be reconciled: a callback named it; a resync found it changed, or new; a run over all groups has come to it. */
export type Priority = 'callback' | 'resync' | 'new' | 'background';

/**
 * Groups that are read from OpenIM and written at once, for each lane. A group has one request under way at a time.
 * `small`: what callbacks and resyncs ask for. `background`: new groups, and what backfills and full runs ask for. `large`: groups of
 * which one takes many seconds. `failing`: groups that failed the last time; one may take as long as the longest timeout.
 */
const LANES = { small: 4, background: 5, large: 1, failing: 2 } as const;
type Lane = keyof typeof LANES;

/** Members from which on a group is large. */
export const LARGE_MEMBERS = 5000;

const PRIORITIES: Readonly<Record<Priority, number>> = { callback: 3, resync: 2, new: 1, background: 0 };

const isOfBackground = (priority: Priority): boolean => priority === 'new' || priority === 'background';

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

  /**
   * Does a group's work when its lane has room.
   * @throws what the work throws; the signal's reason where it is aborted before
   */
  run<T>(keys: LaneKeys, signal: AbortSignal | undefined, work: () => Promise<T>): Promise<T> {
    return this.queues
      .get(laneOf(keys))!
      .add(work, { priority: priorityOf(keys), ...(signal && { signal }) });
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

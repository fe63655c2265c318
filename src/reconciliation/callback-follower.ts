import { setTimeout as sleep } from 'node:timers/promises';
import { Injectable } from '@nestjs/common';
import { DeliveriesService } from '../deliveries/deliveries.service.js';
import { GroupReconciler } from './group-reconciler/group-reconciler.service.js';
import { type QueuedGroup, ReconcileQueue } from './queue/reconcile-queue.js';

/** How often the log of callbacks is asked for new ones, in ms: of all replicas, and without a cost for the callbacks. */
const POLL_MS = 500;
/** For how long it is remembered which callbacks were seen, in ms: longer than the log is asked back. */
const MEMORY_MS = 10_000;
/** Groups reconciled together, in one request if only few of their members changed. */
const TOGETHER = 100;
/** Groups under way at most: a group that takes long, in its own lane, keeps no other one from being taken. */
const UNDER_WAY = 1000;

/** Has each group reconciled that a callback named: what the callback reports is a claim, and others of the group may be lost. */
@Injectable()
export class CallbackFollower {
  private underWay = 0;

  constructor(
    private readonly deliveries: DeliveriesService,
    private readonly reconciler: GroupReconciler,
    private readonly queue: ReconcileQueue,
  ) {}

  /**
   * Follows until the signal is aborted, and the groups under way are done.
   * @param onProblem is told why the log of callbacks or groups could not be read, or that the last groups could
   */
  async follow(signal: AbortSignal, onProblem: (problem?: Error) => void): Promise<void> {
    const seen = new Map<string, Date>();
    const running = new Set<Promise<void>>();
    const tell = (error: Error): void => (signal.aborted ? undefined : onProblem(error));
    for (let since: Date | null = null; !signal.aborted;) {
      try {
        since = await this.mark(seen, since);
      } catch (error) {
        tell(error as Error);
      }
      for (const due of this.takeDue()) {
        const work = this.reconcile(due, signal)
          .then(() => onProblem(), tell)
          .finally(() => running.delete(work));
        running.add(work);
      }
      await sleep(POLL_MS, undefined, { signal }).catch(() => undefined);
    }
    await Promise.all(running);
  }

  /** @returns the moment of the last callback */
  private async mark(seen: Map<string, Date>, since: Date | null): Promise<Date | null> {
    const named = await this.deliveries.groupsNamedSince(since);
    let last = since;
    for (const { groupID, receivedAt } of named) {
      if (receivedAt > (seen.get(groupID) ?? 0)) {
        seen.set(groupID, receivedAt);
        this.queue.add(groupID, Date.now());
      }
      last = last && last > receivedAt ? last : receivedAt;
    }
    for (const [groupID, receivedAt] of seen) {
      if (receivedAt.getTime() < last!.getTime() - MEMORY_MS) {
        seen.delete(groupID);
      }
    }
    return last;
  }

  /** What is due, in parts. */
  private *takeDue(): Generator<Map<string, QueuedGroup>> {
    while (this.underWay < UNDER_WAY) {
      const due = this.queue.take(Date.now(), TOGETHER);
      if (due.size === 0) {
        return;
      }
      for (const whole of [false, true]) {
        const part = new Map([...due].filter(([, queued]) => queued.whole === whole));
        if (part.size > 0) {
          this.underWay += part.size;
          yield part;
        }
      }
    }
  }

  private async reconcile(due: Map<string, QueuedGroup>, signal: AbortSignal): Promise<void> {
    const [{ whole }] = [...due.values()] as [QueuedGroup];
    try {
      await this.reconciler.reconcile([...due.keys()], { priority: 'callback', whole, signal }, (result) => {
        this.queue.done(result, Date.now(), due.get(result.groupID));
        due.delete(result.groupID);
        this.underWay -= 1;
      });
    } catch (error) {
      this.queue.requeue(due, Date.now());
      this.underWay -= due.size;
      throw error;
    }
  }
}

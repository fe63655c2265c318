import { Injectable } from '@nestjs/common';
import { DeliveriesService } from '../deliveries/deliveries.service.js';
import { poll } from '../waiting/poll.js';
import { GroupReconciler } from './group-reconciler/group-reconciler.service.js';
import { type QueuedGroup, ReconcileQueue } from './queue/reconcile-queue.js';

/** Interval of the queries for new deliveries, in ms. The log has the callbacks of all replicas, and callbacks do not wait for it. */
const POLL_MS = 500;
/** Time for which the last callback of a group is remembered, in ms: longer than the overlap of two queries, 5 s. */
const SEEN_TTL_MS = 10_000;
/** Groups reconciled together. One request reads the changes of all of them. */
const BATCH_GROUPS = 100;
/** Maximum number of groups in progress: a slow group, in its own lane, does not keep others from being taken. */
const MAX_IN_PROGRESS = 1000;

/** Reconciles each group that a callback names: OpenIM delivers a callback at most once, so others of the group may be lost. */
@Injectable()
export class CallbackFollower {
  private inProgress = 0;

  constructor(
    private readonly deliveries: DeliveriesService,
    private readonly reconciler: GroupReconciler,
    private readonly queue: ReconcileQueue,
  ) {}

  /**
   * Follows the log of deliveries until the signal is aborted and the groups in progress are done.
   * @param onProblem receives each error of the log or of a batch, and undefined after a batch that succeeded
   */
  async run(signal: AbortSignal, onProblem: (problem?: Error) => void): Promise<void> {
    const seen = new Map<string, Date>();
    const running = new Set<Promise<void>>();
    const report = (error: Error): void => (signal.aborted ? undefined : onProblem(error));
    let since: Date | null = null;
    await poll(POLL_MS, signal, async () => {
      try {
        since = await this.addNamed(seen, since);
      } catch (error) {
        report(error as Error);
      }
      for (const batch of this.takeDue()) {
        const work = this.reconcile(batch, signal)
          .then(() => onProblem(), report)
          .finally(() => running.delete(work));
        running.add(work);
      }
    });
    await Promise.all(running);
  }

  /** Queues the groups of new deliveries. @returns the time of the last delivery */
  private async addNamed(seen: Map<string, Date>, since: Date | null): Promise<Date | null> {
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
      if (receivedAt.getTime() < last!.getTime() - SEEN_TTL_MS) {
        seen.delete(groupID);
      }
    }
    return last;
  }

  /** Takes the groups that are due, in batches of one kind: full snapshots or deltas. */
  private *takeDue(): Generator<Map<string, QueuedGroup>> {
    while (this.inProgress < MAX_IN_PROGRESS) {
      const due = this.queue.take(Date.now(), BATCH_GROUPS);
      if (due.size === 0) {
        return;
      }
      for (const whole of [false, true]) {
        const batch = new Map([...due].filter(([, queued]) => queued.whole === whole));
        if (batch.size > 0) {
          this.inProgress += batch.size;
          yield batch;
        }
      }
    }
  }

  private async reconcile(batch: Map<string, QueuedGroup>, signal: AbortSignal): Promise<void> {
    const [{ whole }] = [...batch.values()] as [QueuedGroup];
    try {
      await this.reconciler.reconcile(
        [...batch.keys()],
        { priority: 'callback', whole, signal },
        (result) => {
          this.queue.done(result, Date.now(), batch.get(result.groupID));
          batch.delete(result.groupID);
          this.inProgress -= 1;
        },
      );
    } catch (error) {
      this.queue.requeue(batch, Date.now());
      this.inProgress -= batch.size;
      throw error;
    }
  }
}

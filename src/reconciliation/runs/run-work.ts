import type { GroupReconciler } from '../group-reconciler/group-reconciler.service.js';
import type { Priority } from '../queue/lanes.js';
import type { ReconcileOptions } from '../group-reconciler/reconcile-task.js';
import type { ReconcileQueue } from '../queue/reconcile-queue.js';
import type { Run } from './run.js';
import { withTimeout } from '../../waiting/with-timeout.js';

/** Maximum number of concurrent batches of one priority: their requests overlap, and memory stays bounded. */
const CONCURRENT_BATCHES = 4;

/** Receives the run each time that it progresses. */
export type OnProgress = (run: Run) => Promise<void> | void;

/** Reconciles the groups of a run in concurrent batches, and counts the results. */
export class RunWork {
  private readonly batches = new Map<Promise<void>, Priority>();
  private failure: { readonly error: unknown } | undefined;

  constructor(
    readonly run: Run,
    private readonly signal: AbortSignal,
    private readonly onProgress: OnProgress,
    private readonly reconciler: GroupReconciler,
    private readonly queue: ReconcileQueue,
  ) {}

  /**
   * Starts a batch, and waits until there is room for another one.
   * @throws the error that ended an earlier batch: an outage of OpenIM or PostgreSQL; the signal's reason
   */
  async add(groupIDs: string[], options: Omit<ReconcileOptions, 'signal'>): Promise<void> {
    this.start(groupIDs, options);
    while (this.batchesOf(options.priority).length >= CONCURRENT_BATCHES) {
      await Promise.race(this.batchesOf(options.priority));
    }
    await this.onProgress(this.run);
    this.throwIfEnded();
  }

  /**
   * Starts a batch of the groups that are not in progress, if there is room: it does not wait.
   * @returns whether there was room
   * @throws as `add`
   */
  tryAdd(groupIDs: string[], options: Omit<ReconcileOptions, 'signal'>): boolean {
    const hasRoom = this.batchesOf(options.priority).length < CONCURRENT_BATCHES;
    if (hasRoom) {
      this.start(
        groupIDs.filter((groupID) => !this.reconciler.isInProgress(groupID)),
        options,
      );
    }
    return hasRoom;
  }

  /** Excludes the groups that failed the last time: the queue retries them. */
  excludeFailing(groupIDs: Iterable<string>): string[] {
    return [...groupIDs].filter((groupID) => this.queue.failuresOf(groupID) === 0);
  }

  /** Waits for all batches. @throws as `add` */
  async done(): Promise<void> {
    while (this.batches.size > 0) {
      await Promise.race(this.batches.keys());
      await this.onProgress(this.run);
    }
    this.throwIfEnded();
  }

  /** Waits for all batches, at most for a time in ms. Slower ones continue. @throws as `add` */
  async doneWithin(milliseconds: number): Promise<void> {
    await withTimeout(Promise.all(this.batches.keys()), milliseconds, () => undefined);
    this.throwIfEnded();
  }

  private start(groupIDs: string[], options: Omit<ReconcileOptions, 'signal'>): void {
    this.throwIfEnded();
    if (groupIDs.length > 0) {
      const batch = this.reconcile(groupIDs, options)
        .catch((error: unknown) => void (this.failure ??= { error }))
        .finally(() => this.batches.delete(batch));
      this.batches.set(batch, options.priority);
    }
  }

  private batchesOf(which: Priority): Promise<void>[] {
    return [...this.batches].filter(([, priority]) => priority === which).map(([batch]) => batch);
  }

  private async reconcile(groupIDs: string[], options: Omit<ReconcileOptions, 'signal'>): Promise<void> {
    await this.reconciler.reconcile(
      groupIDs,
      { ...options, runID: this.run.id, signal: this.signal },
      (result) => {
        this.run.count(result);
        this.queue.done(result, Date.now());
      },
    );
  }

  private throwIfEnded(): void {
    this.signal.throwIfAborted();
    if (this.failure) {
      throw this.failure.error;
    }
  }
}

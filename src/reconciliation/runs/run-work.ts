import type { GroupReconciler } from '../group-reconciler/group-reconciler.service.js';
import type { Priority } from '../queue/lanes.js';
import type { ReconcileOptions } from '../group-reconciler/reconcile-task.js';
import type { ReconcileQueue } from '../queue/reconcile-queue.js';
import { withTimeout } from '../../postgres/with-timeout.js';
import type { Run } from './run.js';

/** Parts of one priority under way at most: their questions to OpenIM overlap, and memory stays bounded. */
const PARTS_AT_ONCE = 4;

/** What a run reports to while it is under way. */
export type Progress = (run: Run) => Promise<void> | void;

/** Has groups reconciled for a run, some parts of it side by side, and counts what becomes of them. */
export class RunWork {
  private readonly parts = new Map<Promise<void>, Priority>();
  private failure: { readonly error: unknown } | undefined;

  constructor(
    readonly run: Run,
    private readonly signal: AbortSignal,
    private readonly progress: Progress,
    private readonly reconciler: GroupReconciler,
    private readonly queue: ReconcileQueue,
  ) {}

  /**
   * Has groups reconciled, and returns when there is room for another part.
   * @throws what ended an earlier part: OpenIM or PostgreSQL is away; the signal's reason
   */
  async add(groupIDs: string[], options: Omit<ReconcileOptions, 'signal'>): Promise<void> {
    this.start(groupIDs, options);
    while (this.partsOf(options.priority).length >= PARTS_AT_ONCE) {
      await Promise.race(this.partsOf(options.priority));
    }
    await this.progress(this.run);
    this.throwIfEnded();
  }

  /**
   * Has groups reconciled that are not under way yet, unless as many parts as may be are: it does not wait.
   * @returns whether there was room
   * @throws as `add`
   */
  tryAdd(groupIDs: string[], options: Omit<ReconcileOptions, 'signal'>): boolean {
    const hasRoom = this.partsOf(options.priority).length < PARTS_AT_ONCE;
    if (hasRoom) {
      this.start(
        groupIDs.filter((groupID) => !this.reconciler.isUnderWay(groupID)),
        options,
      );
    }
    return hasRoom;
  }

  /** The groups among these that did not fail the last time: those are retried by the queue. */
  withoutFailing(groupIDs: Iterable<string>): string[] {
    return [...groupIDs].filter((groupID) => this.queue.failuresOf(groupID) === 0);
  }

  /** Waits until all parts are done. @throws as `add` */
  async done(): Promise<void> {
    while (this.parts.size > 0) {
      await Promise.race(this.parts.keys());
      await this.progress(this.run);
    }
    this.throwIfEnded();
  }

  /** Waits for some ms at most; what is not done by then goes on. @returns whether all is done @throws as `add` */
  async doneWithin(ms: number): Promise<boolean> {
    await withTimeout(
      Promise.all(this.parts.keys()),
      ms,
      () => new Error('Parts of the run take longer'),
    ).catch(() => undefined);
    this.throwIfEnded();
    return this.parts.size === 0;
  }

  private start(groupIDs: string[], options: Omit<ReconcileOptions, 'signal'>): void {
    this.throwIfEnded();
    if (groupIDs.length > 0) {
      const part = this.reconcile(groupIDs, options)
        .catch((error: unknown) => void (this.failure ??= { error }))
        .finally(() => this.parts.delete(part));
      this.parts.set(part, options.priority);
    }
  }

  private partsOf(which: Priority): Promise<void>[] {
    return [...this.parts].filter(([, priority]) => priority === which).map(([part]) => part);
  }

  private async reconcile(groupIDs: string[], options: Omit<ReconcileOptions, 'signal'>): Promise<void> {
    await this.reconciler.reconcile(groupIDs, { ...options, signal: this.signal }, (result) => {
      this.run.count(result);
      this.queue.done(result, Date.now());
    });
  }

  private throwIfEnded(): void {
    this.signal.throwIfAborted();
    if (this.failure) {
      throw this.failure.error;
    }
  }
}

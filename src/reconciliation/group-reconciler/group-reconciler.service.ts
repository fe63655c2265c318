import { setMaxListeners } from 'node:events';
import { Injectable } from '@nestjs/common';
import type { Reconciled } from '../../groups/statements/reconcile-group.js';
import type { ReconcileResult } from '../queue/reconcile-result.js';
import { SnapshotWriter } from '../snapshots/snapshot-writer.service.js';
import { ChangeDetector } from './change-detector.service.js';
import { type ReconcileOptions, type ReconcileTask, resultOf } from './reconcile-task.js';
import { TaskLanes } from './task-lanes.service.js';
import { TaskRunner } from './task-runner.service.js';

/** Reconciles groups: reads them from OpenIM, and makes the mirror equal. A failure of one group is the result of that group. */
@Injectable()
export class GroupReconciler {
  constructor(
    private readonly detector: ChangeDetector,
    private readonly writer: SnapshotWriter,
    private readonly runner: TaskRunner,
    private readonly lanes: TaskLanes,
  ) {}

  /**
   * Reconciles some groups concurrently.
   * @param onResult receives the result of each group as soon as that is done
   * @throws the error of OpenIM in an outage; the driver's error where PostgreSQL cannot be used; the signal's reason
   */
  async reconcile(
    groupIDs: string[],
    options: ReconcileOptions,
    onResult: (result: ReconcileResult) => void,
  ): Promise<void> {
    const start = await this.writer.begin();
    const detected = await this.detector.detect(groupIDs, start, options);
    const failure = new AbortController();
    const signal = options.signal ? AbortSignal.any([options.signal, failure.signal]) : failure.signal;
    setMaxListeners(0, signal); // one for each group
    try {
      await Promise.all(
        detected.map(async (changes) => {
          const task: ReconcileTask = { ...changes, start, options: { ...options, signal } };
          onResult(resultWithoutRead(task) ?? (await this.lanes.run(task)));
        }),
      );
    } catch (error) {
      failure.abort(error);
      throw error;
    }
  }

  /** Whether the group waits for its lane, or is being reconciled. */
  isInProgress(groupID: string): boolean {
    return this.lanes.has(groupID);
  }

  /** Reconciles one group by a full snapshot. @throws as `reconcile` */
  async reconcileNow(groupID: string): Promise<ReconcileResult> {
    let result: ReconcileResult | undefined;
    await this.reconcile([groupID], { priority: 'callback', whole: true }, (one) => (result = one));
    return result!;
  }

  /**
   * Compares one group with OpenIM; writes nothing.
   * @returns the drift; undefined where OpenIM does not have the group
   * @throws the error of OpenIM in an outage; Error where OpenIM does not show the group
   */
  async compare(groupID: string): Promise<Reconciled | undefined> {
    const start = await this.writer.begin();
    const result = await this.runner.readWhole(groupID);
    if (result.kind === 'failed') {
      throw new Error(`Group ${groupID} cannot be read from OpenIM: ${result.reason}`);
    }
    return result.kind === 'absent' ? undefined : this.writer.compare(result.snapshot, start);
  }
}

/** @returns the result of a group whose version answers the question; undefined where the group is to be read */
function resultWithoutRead({
  groupID,
  changes: result,
  known,
  options,
}: ReconcileTask): ReconcileResult | undefined {
  if (result.kind !== 'changes' || result.changes.full || options.whole || !known) {
    return undefined;
  }
  const { version, group, changed, left } = result.changes;
  if (version !== known.version || group || changed.length > 0 || left.length > 0) {
    return undefined;
  }
  if (!known.needsReconciling) {
    return resultOf(groupID, 'unchanged');
  }
  return known.isTooRecent && known.changedUserIDs.length === 0 ? resultOf(groupID, 'tooRecent') : undefined;
}

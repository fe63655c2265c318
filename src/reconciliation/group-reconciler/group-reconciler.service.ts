import { setMaxListeners } from 'node:events';
import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { DataSource } from 'typeorm';
import type { Reconciled } from '../../groups/statements/reconcile-group.js';
import { OpenImClient } from '../../openim/openim.client.js';
import { ChangesReader } from '../snapshots/changes-reader.js';
import { readKnown } from '../snapshots/known-group.js';
import type { ReconcileResult } from '../queue/reconcile-result.js';
import { type ReconcileOptions, type ReconcileTask, resultOf } from './reconcile-task.js';
import { RestoreDetector } from './restore-detector.service.js';
import { SnapshotWriter } from '../snapshots/snapshot-writer.service.js';
import { TaskLanes } from './task-lanes.service.js';
import { TaskRunner } from './task-runner.service.js';

/** Reads groups from OpenIM and makes the mirror equal. What fails for one group is the result of that group. */
@Injectable()
export class GroupReconciler {
  constructor(
    @InjectDataSource() private readonly dataSource: DataSource,
    private readonly openIm: OpenImClient,
    private readonly changes: ChangesReader,
    private readonly writer: SnapshotWriter,
    private readonly runner: TaskRunner,
    private readonly lanes: TaskLanes,
    private readonly restores: RestoreDetector,
  ) {}

  /**
   * Reconciles some groups, side by side.
   * @param onResult is told of each group as soon as it is done
   * @throws the error of OpenIM where it is away as a whole; the driver's error where PostgreSQL cannot be used; the signal's reason
   */
  async reconcile(
    groupIDs: string[],
    options: ReconcileOptions,
    onResult: (result: ReconcileResult) => void,
  ): Promise<void> {
    const moment = await this.writer.begin();
    const known = await readKnown(this.dataSource, groupIDs);
    const versions = groupIDs.map((groupID) => {
      const group = options.whole ? undefined : known.get(groupID);
      return { groupID, versionID: group?.versionID ?? '', version: group?.version ?? 0 };
    });
    const answers = await this.openIm.withPriority(options.priority !== 'background', () =>
      this.changes.read(versions),
    );
    if (!options.whole) {
      await this.restores.check(known, answers);
    }
    const failure = new AbortController();
    const signal = options.signal ? AbortSignal.any([options.signal, failure.signal]) : failure.signal;
    setMaxListeners(0, signal); // one for each group
    try {
      await Promise.all(
        groupIDs.map(async (groupID) => {
          const answer = answers.get(groupID)!;
          const task: ReconcileTask = {
            groupID,
            answer,
            known: known.get(groupID),
            moment,
            options: { ...options, signal },
          };
          onResult(unchanged(task) ?? (await this.lanes.run(task)));
        }),
      );
    } catch (error) {
      failure.abort(error);
      throw error;
    }
  }

  /** Whether the group waits in its lane, or is in it. */
  isUnderWay(groupID: string): boolean {
    return this.lanes.has(groupID);
  }

  /** Reconciles one group now, whole. @throws as `reconcile` */
  async reconcileNow(groupID: string): Promise<ReconcileResult> {
    let result: ReconcileResult | undefined;
    await this.reconcile([groupID], { priority: 'callback', whole: true }, (one) => (result = one));
    return result!;
  }

  /**
   * Compares one group with OpenIM; writes nothing.
   * @returns what would change; undefined where OpenIM does not have the group
   * @throws the error of OpenIM where it is away; Error where it does not show the group
   */
  async compare(groupID: string): Promise<Reconciled | undefined> {
    const moment = await this.writer.begin();
    const found = await this.runner.readWhole(groupID);
    if (found.kind === 'failed') {
      throw new Error(found.reason);
    }
    return found.kind === 'absent' ? undefined : this.writer.compare(found.snapshot, moment);
  }
}

/** @returns the result where no more is needed than the answer */
function unchanged({ groupID, answer, known, options }: ReconcileTask): ReconcileResult | undefined {
  if (answer.kind !== 'changes' || answer.changes.full || options.whole || !known) {
    return undefined;
  }
  const { version, group, changed, left } = answer.changes;
  if (version !== known.version || group || changed.length > 0 || left.length > 0) {
    return undefined;
  }
  if (!known.needsReconciling) {
    return resultOf(groupID, 'unchanged');
  }
  return known.isTooRecent && known.doubtful.length === 0 ? resultOf(groupID, 'tooRecent') : undefined;
}

import { Injectable } from '@nestjs/common';
import { OpenImClient } from '../../openim/openim.client.js';
import { isMoreUrgent, LARGE_MEMBERS, Lanes, type Priority } from '../queue/lanes.js';
import { ReconcileQueue } from '../queue/reconcile-queue.js';
import type { ReconcileResult } from '../queue/reconcile-result.js';
import { infoOf } from '../snapshots/changes-result.js';
import type { ReconcileTask } from './reconcile-task.js';
import { TaskRunner } from './task-runner.service.js';

/** A task that waits for its lane, or runs. */
interface TaskInLane {
  readonly priority: Priority;
  isStarted: boolean;
  result: Promise<ReconcileResult>;
}

/** Placeholder until the lane returns the result. */
const NO_RESULT = new Promise<never>(() => undefined);

/** Runs tasks in their lanes, and deduplicates those of one group. */
@Injectable()
export class TaskLanes {
  /** The last task of each group in a lane. */
  private readonly tasks = new Map<string, TaskInLane>();

  constructor(
    private readonly lanes: Lanes,
    private readonly queue: ReconcileQueue,
    private readonly openIm: OpenImClient,
    private readonly runner: TaskRunner,
  ) {}

  /** Whether a task of the group waits for its lane, or runs. */
  has(groupID: string): boolean {
    return this.tasks.has(groupID);
  }

  /**
   * Runs a task when its lane has room. An earlier task of the group gives the result, unless the new one is of a callback, is more urgent,
   * or takes a full snapshot.
   * @throws as `TaskRunner.run`; the signal's reason
   */
  run(task: ReconcileTask): Promise<ReconcileResult> {
    const { groupID, changes, known, options } = task;
    const former = this.tasks.get(groupID);
    if (former && options.priority !== 'callback' && !options.whole) {
      if (former.isStarted || !isMoreUrgent(options.priority, former.priority)) {
        return former.result;
      }
    }
    const info = infoOf(changes);
    const members = info?.memberCount ?? known?.memberCount ?? 0;
    const createTime = info ? Date.parse(info.createTime) || 0 : 0;
    const isFailing = this.queue.failuresOf(groupID) > 0;
    const isUrgent = options.priority === 'callback' && members < LARGE_MEMBERS;
    const own: TaskInLane = { priority: options.priority, isStarted: false, result: NO_RESULT };
    this.tasks.set(groupID, own);
    own.result = this.lanes
      .run({ priority: options.priority, members, createTime, isFailing }, options.signal, () => {
        own.isStarted = true;
        return this.openIm.withPriority(isUrgent, () => this.runUnlessSuperseded(task, own));
      })
      .finally(() => this.tasks.get(groupID) === own && this.tasks.delete(groupID));
    return own.result;
  }

  /** Runs a task unless a later, more urgent one of the group gives its result. A full snapshot is superseded by another one only. */
  private async runUnlessSuperseded(task: ReconcileTask, own: TaskInLane): Promise<ReconcileResult> {
    const other = this.tasks.get(task.groupID);
    if (other && other !== own && isMoreUrgent(other.priority, own.priority)) {
      const result = await other.result;
      if (result.whole || !task.options.whole) {
        return result;
      }
    }
    return this.runner.run(task);
  }
}

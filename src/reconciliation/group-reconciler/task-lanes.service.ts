import { Injectable } from '@nestjs/common';
import { OpenImClient } from '../../openim/openim.client.js';
import { isMoreUrgent, LARGE_MEMBERS, Lanes, type Priority } from '../queue/lanes.js';
import { infoOf } from '../snapshots/member-list-reader.js';
import { ReconcileQueue } from '../queue/reconcile-queue.js';
import type { ReconcileResult } from '../queue/reconcile-result.js';
import type { ReconcileTask } from './reconcile-task.js';
import { TaskRunner } from './task-runner.service.js';

/** A task in its lane. */
interface UnderWay {
  readonly priority: Priority;
  isStarted: boolean;
  result: Promise<ReconcileResult>;
}

/** Stands for the result until the task is in its lane. */
const NO_RESULT = new Promise<never>(() => undefined);

/** Has tasks run in their lanes, of each group as few as possible. */
@Injectable()
export class TaskLanes {
  /** Of each group in a lane the last task. */
  private readonly underWay = new Map<string, UnderWay>();

  constructor(
    private readonly lanes: Lanes,
    private readonly queue: ReconcileQueue,
    private readonly openIm: OpenImClient,
    private readonly runner: TaskRunner,
  ) {}

  /** Whether the group waits in its lane, or is in it. */
  has(groupID: string): boolean {
    return this.underWay.has(groupID);
  }

  /**
   * Has a group reconciled when its lane has room. One that is there already is waited for, unless this one is more urgent, for a
   * callback that is newer, or of a full run.
   * @throws as `TaskRunner.run`; the signal's reason
   */
  run(task: ReconcileTask): Promise<ReconcileResult> {
    const { groupID, answer, known, options } = task;
    const former = this.underWay.get(groupID);
    if (former && options.priority !== 'callback' && !options.whole) {
      if (former.isStarted || !isMoreUrgent(options.priority, former.priority)) {
        return former.result;
      }
    }
    const info = infoOf(answer);
    const members = info?.memberCount ?? known?.memberCount ?? 0;
    const createTime = info ? Date.parse(info.createTime) || 0 : 0;
    const isFailing = this.queue.failuresOf(groupID) > 0;
    const isUrgent = options.priority === 'callback' && members < LARGE_MEMBERS;
    const own: UnderWay = { priority: options.priority, isStarted: false, result: NO_RESULT };
    this.underWay.set(groupID, own);
    own.result = this.lanes
      .run({ priority: options.priority, members, createTime, isFailing }, options.signal, () => {
        own.isStarted = true;
        return this.openIm.withPriority(isUrgent, () => this.takeUnlessDone(task, own));
      })
      .finally(() => this.underWay.get(groupID) === own && this.underWay.delete(groupID));
    return own.result;
  }

  /** A more urgent task that came later is in front of this one: its result is enough, unless this one is to read the group whole. */
  private async takeUnlessDone(task: ReconcileTask, own: UnderWay): Promise<ReconcileResult> {
    const other = this.underWay.get(task.groupID);
    if (other && other !== own && isMoreUrgent(other.priority, own.priority)) {
      const result = await other.result;
      if (result.whole || !task.options.whole) {
        return result;
      }
    }
    return this.runner.run(task);
  }
}

import { setMaxListeners } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { Injectable, Logger } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { DataSource } from 'typeorm';
import type { Reconciled } from '../groups/statements/reconcile-group.js';
import type { GroupChanges } from '../openim/openim-answers.js';
import { OpenImClient } from '../openim/openim.client.js';
import { type Answer, ChangesReader } from './changes-reader.js';
import { type Found, GroupReader, MEMBERS_ASKED, type Snapshot } from './group-reader.js';
import { type KnownGroup, readKnown } from './known-group.js';
import { isMoreUrgent, LARGE_MEMBERS, Lanes, type Priority } from './lanes.js';
import { infoOf } from './member-list-reader.js';
import { ReconcileQueue } from './reconcile-queue.js';
import type { ReconcileResult } from './reconcile-result.js';
import { ReconciliationMetrics } from './reconciliation-metrics.js';
import { RestoreDetector } from './restore-detector.service.js';
import { SnapshotWriter, type SnapshotMoment } from './snapshot-writer.service.js';

export interface ReconcileOptions {
  readonly priority: Priority;
  /** Whether groups are read whole, whatever their versions say. */
  readonly whole?: boolean;
  readonly signal?: AbortSignal;
}

/** How long after a snapshot by which many leave it is taken once more, in ms. */
const CONFIRM_AFTER_MS = 1000;

/** A group on its way through a lane. */
interface Task {
  readonly groupID: string;
  readonly answer: Answer;
  readonly known: KnownGroup | undefined;
  readonly moment: SnapshotMoment;
  readonly options: ReconcileOptions;
}

/** A task in its lane. */
interface UnderWay {
  readonly priority: Priority;
  isStarted: boolean;
  result: Promise<ReconcileResult>;
}

/** Stands for the result until the task is in its lane. */
const NO_RESULT = new Promise<never>(() => undefined);

/** Reads groups from OpenIM and makes the mirror equal. What fails for one group is the result of that group. */
@Injectable()
export class GroupReconciler {
  private readonly logger = new Logger('Reconciliation');
  /** Of each group in a lane the last task. */
  private readonly underWay = new Map<string, UnderWay>();

  constructor(
    @InjectDataSource() private readonly dataSource: DataSource,
    private readonly openIm: OpenImClient,
    private readonly changes: ChangesReader,
    private readonly reader: GroupReader,
    private readonly writer: SnapshotWriter,
    private readonly lanes: Lanes,
    private readonly queue: ReconcileQueue,
    private readonly restores: RestoreDetector,
    private readonly metrics: ReconciliationMetrics,
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
          const task: Task = {
            groupID,
            answer,
            known: known.get(groupID),
            moment,
            options: { ...options, signal },
          };
          onResult(unchanged(task) ?? (await this.inLane(task)));
        }),
      );
    } catch (error) {
      failure.abort(error);
      throw error;
    }
  }

  /** Whether the group waits in its lane, or is in it. */
  isUnderWay(groupID: string): boolean {
    return this.underWay.has(groupID);
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
    const found = await this.readWhole(groupID);
    if (found.kind === 'failed') {
      throw new Error(found.reason);
    }
    return found.kind === 'absent' ? undefined : this.writer.compare(found.snapshot, moment);
  }

  /**
   * Has a group reconciled when its lane has room. One that is there already is waited for, unless this one is more urgent, for a
   * callback that is newer, or of a full run.
   */
  private inLane(task: Task): Promise<ReconcileResult> {
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
  private async takeUnlessDone(task: Task, own: UnderWay): Promise<ReconcileResult> {
    const other = this.underWay.get(task.groupID);
    if (other && other !== own && isMoreUrgent(other.priority, own.priority)) {
      const result = await other.result;
      if (result.whole || !task.options.whole) {
        return result;
      }
    }
    return this.take(task);
  }

  /** @returns undefined where the delta is not enough, or cannot be completed */
  private async readDelta(changes: GroupChanges, known: KnownGroup): Promise<Found | undefined> {
    if (known.doubtful.length > MEMBERS_ASKED || known.isReadWhole) {
      return undefined;
    }
    if (!known.inDoubt || (known.isTooRecent && known.doubtful.length === 0)) {
      return { kind: 'snapshot', snapshot: this.reader.toDelta(changes) };
    }
    const found = await this.reader.completeDelta(changes, known.doubtful, !known.isTooRecent);
    return found.kind === 'failed' ? undefined : found;
  }

  private async take(task: Task): Promise<ReconcileResult> {
    const { groupID, answer, moment, options, known } = task;
    if (answer.kind === 'changes' && !answer.changes.full && !options.whole && known) {
      const found = await this.readDelta(answer.changes, known);
      const result = found && (await this.settle(groupID, found, moment, options));
      if (result && result !== 'needsFullSnapshot') {
        return result;
      }
      if (result && known.isTooRecent && known.isFresh && known.memberCount >= LARGE_MEMBERS) {
        return resultOf(groupID, 'unsettled');
      }
    }
    const wholeMoment = await this.writer.begin();
    const found = await this.reader.readWhole(groupID, answer);
    const result = await this.settle(groupID, found, wholeMoment, options);
    return result === 'needsFullSnapshot' ? resultOf(groupID, 'unverified') : result;
  }

  /** Writes what was found. */
  private async settle(
    groupID: string,
    found: Found,
    moment: SnapshotMoment,
    options: ReconcileOptions,
  ): Promise<ReconcileResult | 'needsFullSnapshot'> {
    if (found.kind === 'absent') {
      await this.writer.markAbsent(groupID, moment);
      return resultOf(groupID, 'absent');
    }
    if (found.kind === 'failed') {
      this.logger.warn(`Group ${groupID} cannot be read: ${found.reason}`);
      this.metrics.failed('read');
      await this.writer.markUnreadable(groupID, found, moment);
      return { ...resultOf(groupID, 'failed'), reason: found.reason };
    }
    const written = await this.writer.write(found.snapshot, moment, options);
    if (written.outcome === 'failed') {
      this.metrics.failed('write');
      return { ...resultOf(groupID, 'failed'), reason: written.reason };
    }
    if (written.outcome === 'needsConfirmation') {
      return this.confirm(found.snapshot, options);
    }
    return written.needsFullSnapshot
      ? 'needsFullSnapshot'
      : toResult(found.snapshot, written.outcome, written.repairs);
  }

  /** Many would leave: only if a second snapshot says the same. */
  private async confirm(first: Snapshot, options: ReconcileOptions): Promise<ReconcileResult> {
    const { groupID } = first;
    this.logger.warn(
      `By one snapshot of OpenIM many members of group ${groupID} would leave; it is taken once more`,
    );
    await sleep(CONFIRM_AFTER_MS);
    const moment = await this.writer.begin();
    const found = await this.readWhole(groupID);
    if (found.kind === 'snapshot' && agree(first, found.snapshot)) {
      const written = await this.writer.write(found.snapshot, moment, { ...options, confirmed: true });
      if (written.outcome !== 'failed' && written.outcome !== 'needsConfirmation') {
        return toResult(found.snapshot, written.outcome, written.repairs);
      }
    }
    const reason = 'two snapshots of OpenIM differ as to who left; nobody leaves for now';
    this.logger.warn(`Group ${groupID}: ${reason}`);
    await this.writer.markUnreadable(groupID, { reason }, moment);
    return { ...resultOf(groupID, 'unverified'), reason };
  }

  private async readWhole(groupID: string): Promise<Found> {
    const answers = await this.changes.read([{ groupID, versionID: '', version: 0 }]);
    return this.reader.readWhole(groupID, answers.get(groupID)!);
  }
}

/** @returns the result where no more is needed than the answer */
function unchanged({ groupID, answer, known, options }: Task): ReconcileResult | undefined {
  if (answer.kind !== 'changes' || answer.changes.full || options.whole || !known) {
    return undefined;
  }
  const { version, group, changed, left } = answer.changes;
  if (version !== known.version || group || changed.length > 0 || left.length > 0) {
    return undefined;
  }
  if (!known.inDoubt) {
    return resultOf(groupID, 'unchanged');
  }
  return known.isTooRecent && known.doubtful.length === 0 ? resultOf(groupID, 'unsettled') : undefined;
}

const resultOf = (groupID: string, state: ReconcileResult['state']): ReconcileResult => ({
  groupID,
  state,
  whole: false,
  members: 0,
  repairs: [],
});

const toResult = (
  { groupID, whole, members, reason }: Snapshot,
  state: ReconcileResult['state'],
  repairs: ReconcileResult['repairs'],
): ReconcileResult => ({
  groupID,
  state,
  whole,
  members: members.length,
  repairs,
  ...(state === 'unverified' && reason !== null && { reason }),
});

/** Whether two snapshots agree as to who left. The second one is whole. */
function agree(first: Snapshot, second: Snapshot): boolean {
  const present = new Set(second.members.map(({ userID }) => userID));
  return (
    second.verified &&
    (first.complete
      ? first.members.length === present.size && first.members.every(({ userID }) => present.has(userID))
      : !first.left.some((userID) => present.has(userID)))
  );
}

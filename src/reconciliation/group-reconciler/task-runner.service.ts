import { setTimeout as sleep } from 'node:timers/promises';
import { Injectable, Logger } from '@nestjs/common';
import type { GroupChanges } from '../../openim/openim-answers.js';
import { ReconciliationMetrics } from '../metrics/reconciliation-metrics.js';
import { isBackground, LARGE_MEMBERS } from '../queue/lanes.js';
import type { ReconcileResult } from '../queue/reconcile-result.js';
import { ChangesReader } from '../snapshots/changes-reader.js';
import {
  GroupReader,
  type GroupReadResult,
  MAX_MEMBERS_REQUESTED,
  type Snapshot,
} from '../snapshots/group-reader.js';
import type { KnownGroup } from '../snapshots/known-group.js';
import { SnapshotWriter, type SnapshotStart } from '../snapshots/snapshot-writer.service.js';
import { type ReconcileOptions, type ReconcileTask, resultOf } from './reconcile-task.js';

/** Delay between a snapshot by which many members leave and the one that confirms it, in ms. */
const CONFIRM_AFTER_MS = 1000;

/** Reconciles one group: by a delta where that is enough, otherwise by a full snapshot. */
@Injectable()
export class TaskRunner {
  private readonly logger = new Logger('Reconciliation');

  constructor(
    private readonly changes: ChangesReader,
    private readonly reader: GroupReader,
    private readonly writer: SnapshotWriter,
    private readonly metrics: ReconciliationMetrics,
  ) {}

  /**
   * Reads the group and writes it.
   * @throws the error of OpenIM in an outage; the driver's error where PostgreSQL cannot be used
   */
  async run(task: ReconcileTask): Promise<ReconcileResult> {
    const { groupID, changes, start, options, known } = task;
    if (changes.kind === 'changes' && !changes.changes.full && !options.whole && known) {
      const delta = await this.readDelta(changes.changes, known);
      const result = delta && (await this.write(groupID, delta, start, options));
      if (result && result !== 'needsFullSnapshot') {
        return result;
      }
      if (result && known.isTooRecent && known.isRecentlyVerified && known.memberCount >= LARGE_MEMBERS) {
        return resultOf(groupID, 'tooRecent');
      }
    }
    const snapshotStart = await this.writer.begin();
    const snapshot = await this.reader.readWhole(groupID, changes, isBackground(options.priority));
    const result = await this.write(groupID, snapshot, snapshotStart, options);
    return result === 'needsFullSnapshot' ? resultOf(groupID, 'unverified') : result;
  }

  /** Takes a full snapshot of a group. @throws the error of OpenIM in an outage */
  async readWhole(groupID: string): Promise<GroupReadResult> {
    const results = await this.changes.read([{ groupID, versionID: '', version: 0 }]);
    return this.reader.readWhole(groupID, results.get(groupID)!);
  }

  /** @returns undefined where the delta is not enough, or cannot be completed */
  private async readDelta(changes: GroupChanges, known: KnownGroup): Promise<GroupReadResult | undefined> {
    const { changedUserIDs, isTooRecent } = known;
    if (changedUserIDs.length > MAX_MEMBERS_REQUESTED || known.prefersFullSnapshot) {
      return undefined;
    }
    if (!known.needsReconciling || (isTooRecent && changedUserIDs.length === 0)) {
      return { kind: 'snapshot', snapshot: this.reader.toDelta(changes) };
    }
    const delta = await this.reader.completeDelta(changes, changedUserIDs, !isTooRecent);
    return delta.kind === 'failed' ? undefined : delta;
  }

  private async write(
    groupID: string,
    read: GroupReadResult,
    start: SnapshotStart,
    options: ReconcileOptions,
  ): Promise<ReconcileResult | 'needsFullSnapshot'> {
    if (read.kind === 'absent') {
      await this.writer.markAbsent(groupID, start);
      return resultOf(groupID, 'absent');
    }
    if (read.kind === 'failed') {
      const { reason } = read;
      this.logger.warn({ groupID, reason }, 'Group cannot be read');
      this.metrics.failed('read');
      await this.writer.markUnreadable(groupID, read, start);
      return { ...resultOf(groupID, 'failed'), reason };
    }
    const written = await this.writer.write(read.snapshot, start, options);
    if (written.outcome === 'failed') {
      this.metrics.failed('write');
      return { ...resultOf(groupID, 'failed'), reason: written.reason };
    }
    if (written.outcome === 'needsConfirmation') {
      return this.confirm(read.snapshot, options);
    }
    return written.needsFullSnapshot
      ? 'needsFullSnapshot'
      : toResult(read.snapshot, written.outcome, written.drift);
  }

  /** Takes a second snapshot, and writes it only if the same members left by both. */
  private async confirm(first: Snapshot, options: ReconcileOptions): Promise<ReconcileResult> {
    const { groupID } = first;
    this.logger.warn({ groupID }, 'Many members would leave by one snapshot; a second one is taken');
    await sleep(CONFIRM_AFTER_MS);
    const start = await this.writer.begin();
    const second = await this.readWhole(groupID);
    if (second.kind === 'snapshot' && haveSameMembers(first, second.snapshot)) {
      const written = await this.writer.write(second.snapshot, start, { ...options, confirmed: true });
      if (written.outcome !== 'failed' && written.outcome !== 'needsConfirmation') {
        return toResult(second.snapshot, written.outcome, written.drift);
      }
    }
    const reason =
      'two snapshots of OpenIM differ as to the members who left; no member leaves until two agree';
    this.logger.warn({ groupID, reason }, 'Group cannot be verified');
    await this.writer.markUnreadable(groupID, { reason }, start);
    return { ...resultOf(groupID, 'unverified'), reason };
  }
}

const toResult = (
  { groupID, whole, members, reason }: Snapshot,
  state: ReconcileResult['state'],
  drift: ReconcileResult['drift'],
): ReconcileResult => ({
  groupID,
  state,
  whole,
  members: members.length,
  drift,
  ...(state === 'unverified' && reason !== null && { reason }),
});

/** Whether two snapshots, of which the first may be a delta, agree as to the members who left. */
function haveSameMembers(first: Snapshot, second: Snapshot): boolean {
  const present = new Set(second.members.map(({ userID }) => userID));
  return (
    second.verified &&
    (first.complete
      ? first.members.length === present.size && first.members.every(({ userID }) => present.has(userID))
      : !first.left.some((userID) => present.has(userID)))
  );
}

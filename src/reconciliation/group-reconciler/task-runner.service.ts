import { setTimeout as sleep } from 'node:timers/promises';
import { Injectable, Logger } from '@nestjs/common';
import type { GroupChanges } from '../../openim/openim-answers.js';
import { ChangesReader } from '../snapshots/changes-reader.js';
import { type Found, GroupReader, MEMBERS_ASKED, type Snapshot } from '../snapshots/group-reader.js';
import type { KnownGroup } from '../snapshots/known-group.js';
import { isOfBackground, LARGE_MEMBERS } from '../queue/lanes.js';
import type { ReconcileResult } from '../queue/reconcile-result.js';
import { type ReconcileOptions, type ReconcileTask, resultOf } from './reconcile-task.js';
import { ReconciliationMetrics } from '../metrics/reconciliation-metrics.js';
import { SnapshotWriter, type SnapshotStart } from '../snapshots/snapshot-writer.service.js';

/** How long after a snapshot by which many leave it is taken once more, in ms. */
const CONFIRM_AFTER_MS = 1000;

/** Reconciles one group: by what changed where that is enough, otherwise whole. */
@Injectable()
export class TaskRunner {
  private readonly logger = new Logger('Reconciliation');

  constructor(
    private readonly changes: ChangesReader,
    private readonly reader: GroupReader,
    private readonly writer: SnapshotWriter,
    private readonly metrics: ReconciliationMetrics,
  ) {}

  /** @returns undefined where the delta is not enough, or cannot be completed */
  private async readDelta(changes: GroupChanges, known: KnownGroup): Promise<Found | undefined> {
    if (known.doubtful.length > MEMBERS_ASKED || known.isReadWhole) {
      return undefined;
    }
    if (!known.needsReconciling || (known.isTooRecent && known.doubtful.length === 0)) {
      return { kind: 'snapshot', snapshot: this.reader.toDelta(changes) };
    }
    const found = await this.reader.completeDelta(changes, known.doubtful, !known.isTooRecent);
    return found.kind === 'failed' ? undefined : found;
  }

  /**
   * Reads the group and has it written.
   * @throws the error of OpenIM where it is away as a whole; the driver's error where PostgreSQL cannot be used
   */
  async run(task: ReconcileTask): Promise<ReconcileResult> {
    const { groupID, answer, moment, options, known } = task;
    if (answer.kind === 'changes' && !answer.changes.full && !options.whole && known) {
      const found = await this.readDelta(answer.changes, known);
      const result = found && (await this.settle(groupID, found, moment, options));
      if (result && result !== 'needsFullSnapshot') {
        return result;
      }
      if (result && known.isTooRecent && known.isFresh && known.memberCount >= LARGE_MEMBERS) {
        return resultOf(groupID, 'tooRecent');
      }
    }
    const wholeStart = await this.writer.begin();
    const found = await this.reader.readWhole(groupID, answer, isOfBackground(options.priority));
    const result = await this.settle(groupID, found, wholeStart, options);
    return result === 'needsFullSnapshot' ? resultOf(groupID, 'unverified') : result;
  }

  /** Writes what was found. */
  private async settle(
    groupID: string,
    found: Found,
    moment: SnapshotStart,
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
      : toResult(found.snapshot, written.outcome, written.drift);
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
        return toResult(found.snapshot, written.outcome, written.drift);
      }
    }
    const reason = 'two snapshots of OpenIM differ as to who left; nobody leaves for now';
    this.logger.warn(`Group ${groupID}: ${reason}`);
    await this.writer.markUnreadable(groupID, { reason }, moment);
    return { ...resultOf(groupID, 'unverified'), reason };
  }

  /** Reads a group whole. @throws the error of OpenIM where it is away as a whole */
  async readWhole(groupID: string): Promise<Found> {
    const answers = await this.changes.read([{ groupID, versionID: '', version: 0 }]);
    return this.reader.readWhole(groupID, answers.get(groupID)!);
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

import { setTimeout as sleep } from 'node:timers/promises';
import { Injectable, Logger } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import PQueue from 'p-queue';
import { DataSource } from 'typeorm';
import { GroupSyncService } from '../../groups/group-sync.service.js';
import { toJsonText } from '../../groups/statements/json-text.js';
import type { Reconciled } from '../../groups/statements/reconcile-group.js';
import type { GroupInfo } from '../../openim/openim-answers.js';
import { isOfTheRows } from '../../postgres/errors.js';
import { poolOf } from '../../postgres/pool.js';
import type { Snapshot } from './group-reader.js';
import type { Priority } from '../queue/lanes.js';
import { ReconciliationMetrics } from '../metrics/reconciliation-metrics.js';

/** Start of a snapshot, by PostgreSQL's clock as the `as_of` of callbacks. */
export interface SnapshotStart {
  /** Cut to the ms. */
  readonly asOf: Date;
  /** End of the first backfill: the callback of an unknown group that was created later is lost. */
  readonly watchedSince: Date | null;
}

const SNAPSHOT_START = `
  SELECT clock_timestamp() AS "asOf",
    (SELECT min(ended_at) FROM reconciliation_runs WHERE kind = 'backfill' AND state = 'done') AS "watchedSince"`;

/** Concurrent writes of this process, and of the background alone: callbacks need connections too. */
const WRITERS = 4;
const BACKGROUND_WRITERS = 2;

/** Outcome of writing a snapshot; `failed`: PostgreSQL could not write this group now. */
export type WriteResult = Reconciled | { readonly outcome: 'failed'; readonly reason: string };

/** Writes snapshots of groups. A group that PostgreSQL cannot write does not affect the others. */
@Injectable()
export class SnapshotWriter {
  private readonly logger = new Logger('Reconciliation');
  private readonly writers = new PQueue({ concurrency: WRITERS });
  private readonly backgroundWriters = new PQueue({ concurrency: BACKGROUND_WRITERS });

  constructor(
    @InjectDataSource() private readonly dataSource: DataSource,
    private readonly groupSync: GroupSyncService,
    private readonly metrics: ReconciliationMetrics,
  ) {}

  /** Reads PostgreSQL's clock before a snapshot is taken. */
  async begin(): Promise<SnapshotStart> {
    const [start] = await this.dataSource.query<[SnapshotStart]>(SNAPSHOT_START);
    return start;
  }

  /**
   * Writes a snapshot or delta.
   * @param confirmed whether a second snapshot agrees: then many members may leave at once
   * @throws the driver's error where PostgreSQL cannot be used
   */
  async write(
    snapshot: Snapshot,
    start: SnapshotStart,
    { priority, confirmed = false, runID }: { priority: Priority; confirmed?: boolean; runID?: string },
  ): Promise<WriteResult> {
    const { groupID } = snapshot;
    const change = { ...toChange(snapshot, start, confirmed), runID };
    const write = (): Promise<Reconciled> => this.groupSync.reconcileGroup(change);
    try {
      const written =
        priority === 'background'
          ? await this.backgroundWriters.add(() => this.throttled(write))
          : await this.writers.add(write);
      this.metrics.found(written.drift);
      if (written.drift.length > 0) {
        const level = written.drift[0]!.kind === 'filled' ? 'debug' : 'log';
        this.logger[level]({ groupID, drift: written.drift.map(({ summary }) => summary) }, 'Drift repaired');
      }
      return written;
    } catch (error) {
      if (!isOfTheRows(error)) {
        throw error;
      }
      this.logger.error({ err: error, groupID: groupID.slice(0, 255) }, 'Group cannot be written');
      return { outcome: 'failed', reason: (error as Error).message };
    }
  }

  /** Returns what `write` would do; writes nothing. */
  compare(snapshot: Snapshot, start: SnapshotStart): Promise<Reconciled> {
    return this.groupSync.compareGroup(toChange(snapshot, start, true));
  }

  /** Marks a group that OpenIM does not have. @throws the driver's error where PostgreSQL cannot be used */
  async markAbsent(groupID: string, { asOf }: SnapshotStart): Promise<void> {
    await this.ignoreRowErrors(() => this.groupSync.markGroupAbsent(groupID, asOf));
  }

  /**
   * Marks a group stale that OpenIM does not show, and writes its info where OpenIM shows that.
   * @throws the driver's error where PostgreSQL cannot be used
   */
  async markUnreadable(
    groupID: string,
    { reason, info }: { reason: string; info?: GroupInfo },
    start: SnapshotStart,
  ): Promise<void> {
    await this.ignoreRowErrors(() =>
      info
        ? this.groupSync.reconcileGroup(toChange(withoutMembers(groupID, info, reason), start, false))
        : this.groupSync.markGroupUnreadable(groupID, reason),
    );
  }

  /** A row that another session has locked is marked the next time. */
  private async ignoreRowErrors(write: () => Promise<unknown>): Promise<void> {
    try {
      await write();
    } catch (error) {
      if (!isOfTheRows(error)) {
        throw error;
      }
    }
  }

  /** Pauses after a write for its duration while other work uses connections: callbacks come first. */
  private async throttled<T>(write: () => Promise<T>): Promise<T> {
    const start = performance.now();
    const written = await write();
    const pool = poolOf(this.dataSource);
    if (pool && (pool.waitingCount > 0 || pool.totalCount - pool.idleCount > WRITERS)) {
      await sleep(performance.now() - start);
    }
    return written;
  }
}

const toChange = (
  { groupID, ...snapshot }: Snapshot,
  { asOf, watchedSince }: SnapshotStart,
  confirmed: boolean,
) => ({
  groupID,
  receivedAt: asOf,
  change: toJsonText({ ...snapshot, confirmed, watchedSince: watchedSince?.toISOString() ?? null }),
});

const withoutMembers = (groupID: string, info: GroupInfo, reason: string): Snapshot => ({
  groupID,
  versionID: null,
  version: null,
  verified: false,
  whole: true,
  complete: false,
  reason,
  info,
  members: [],
  left: [],
});

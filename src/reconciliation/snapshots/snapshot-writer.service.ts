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

/** When a snapshot began, by PostgreSQL's clock, as the `as_of` of callbacks, cut to the ms. */
export interface SnapshotStart {
  readonly asOf: Date;
  /** When all groups had been read first: one created later and not known is one whose callback was lost. */
  readonly watchedSince: Date | null;
}

const MOMENT = `
  SELECT clock_timestamp() AS "asOf",
    (SELECT min(ended_at) FROM reconciliation_runs WHERE kind = 'backfill' AND state = 'done') AS "watchedSince"`;

/** Snapshots written at once by one process, and of the background: callbacks need connections too. */
const WRITERS = 4;
const BACKGROUND_WRITERS = 2;

/** What became of writing a snapshot; `failed`: PostgreSQL could not write this group now. */
export type Written = Reconciled | { readonly outcome: 'failed'; readonly reason: string };

/** Writes snapshots of groups. A group that PostgreSQL cannot write takes no other one with it. */
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

  /** Reads PostgreSQL's clock, before a snapshot is taken. */
  async begin(): Promise<SnapshotStart> {
    const [moment] = await this.dataSource.query<[SnapshotStart]>(MOMENT);
    return moment;
  }

  /**
   * Writes a snapshot.
   * @param confirmed whether a second snapshot said the same: then many members may leave at once
   * @throws the driver's error where PostgreSQL cannot be used
   */
  async write(
    snapshot: Snapshot,
    moment: SnapshotStart,
    { priority, confirmed = false }: { priority: Priority; confirmed?: boolean },
  ): Promise<Written> {
    const { groupID } = snapshot;
    const reading = toReading(snapshot, moment, confirmed);
    const write = (): Promise<Reconciled> => this.groupSync.reconcileGroup(reading);
    try {
      const written =
        priority === 'background'
          ? await this.backgroundWriters.add(() => this.givingWay(write))
          : await this.writers.add(write);
      this.metrics.found(written.drift);
      if (written.drift.length > 0) {
        const level = written.drift[0]!.kind === 'filled' ? 'debug' : 'log';
        this.logger[level](`Group ${groupID}: ${written.drift.map(({ summary }) => summary).join('; ')}`);
      }
      return written;
    } catch (error) {
      if (!isOfTheRows(error)) {
        throw error;
      }
      this.logger.error(`Group ${groupID.slice(0, 255)} cannot be written: ${(error as Error).message}`);
      return { outcome: 'failed', reason: (error as Error).message };
    }
  }

  /** What `write` would do; writes nothing. */
  compare(snapshot: Snapshot, moment: SnapshotStart): Promise<Reconciled> {
    return this.groupSync.compareGroup(toReading(snapshot, moment, true));
  }

  /** OpenIM does not have the group. @throws the driver's error where PostgreSQL cannot be used */
  async markAbsent(groupID: string, { asOf }: SnapshotStart): Promise<void> {
    await this.unlessOfTheRows(() => this.groupSync.markGroupAbsent(groupID, asOf));
  }

  /**
   * Marks a group stale that OpenIM does not show, and writes what OpenIM shows of the group itself.
   * @throws the driver's error where PostgreSQL cannot be used
   */
  async markUnreadable(
    groupID: string,
    { reason, info }: { reason: string; info?: GroupInfo },
    moment: SnapshotStart,
  ): Promise<void> {
    await this.unlessOfTheRows(() =>
      info
        ? this.groupSync.reconcileGroup(toReading(withoutMembers(groupID, info, reason), moment, false))
        : this.groupSync.markGroupUnreadable(groupID, reason),
    );
  }

  /** A row that somebody else has locked is marked the next time. */
  private async unlessOfTheRows(write: () => Promise<unknown>): Promise<void> {
    try {
      await write();
    } catch (error) {
      if (!isOfTheRows(error)) {
        throw error;
      }
    }
  }

  /** Pauses after a write for as long as it took while other work uses connections too: callbacks come first. */
  private async givingWay<T>(write: () => Promise<T>): Promise<T> {
    const start = performance.now();
    const written = await write();
    const pool = poolOf(this.dataSource);
    if (pool && (pool.waitingCount > 0 || pool.totalCount - pool.idleCount > WRITERS)) {
      await sleep(performance.now() - start);
    }
    return written;
  }
}

const toReading = (
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

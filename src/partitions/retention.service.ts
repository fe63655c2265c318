import { setTimeout as sleep } from 'node:timers/promises';
import { Injectable, Logger, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { DataSource } from 'typeorm';
import { Config } from '../config/config.js';
import { RETENTION } from '../postgres/advisory-locks.js';
import { createPartitions, dropPartitions } from './daily-partitions.js';
import { LOG_TABLES, type LogTable } from './log-tables.js';

/** Interval of the work, in ms. */
const INTERVAL_MS = 3_600_000;
/** Delay of the first time after the start, in ms, and the random part of it: a service may not run for an hour, and replicas may start together. */
const FIRST_MS = 30_000;
const FIRST_SPREAD_MS = 60_000;
/** Pause between two batches, in ms: callbacks are written meanwhile. */
const PAUSE_MS = 100;
/** Rows of a batch. */
const BATCH = 500;

/** Removes the oldest rows of a table that are past their retention of $1 days, and counts them. */
const removeRows = ({ name, time, onRemoval }: Pick<LogTable, 'name' | 'time' | 'onRemoval'>): string => `
  WITH lock AS MATERIALIZED (SELECT pg_try_advisory_xact_lock(${RETENTION}) AS is_held),
  removed AS (
    DELETE FROM ${name} WHERE (SELECT is_held FROM lock) AND ctid IN (
      SELECT ctid FROM ${name} WHERE ${time} < now() - $1::integer * interval '1 day' LIMIT ${BATCH}
    )
    RETURNING *
  ),
  noted AS (${onRemoval?.('removed') ?? 'SELECT'})
  SELECT count(*)::integer AS rows FROM removed`;

/**
 * Creates the partitions of the coming days, and drops those whose rows are older than the retention of their table. Rows of the default
 * partitions, and periods of members, are deleted in batches of 500 with pauses between them.
 */
@Injectable()
export class RetentionService implements OnApplicationBootstrap, OnApplicationShutdown {
  private readonly logger = new Logger('Retention');
  private readonly abort = new AbortController();
  private running: Promise<void> = Promise.resolve();
  private timer?: NodeJS.Timeout;

  constructor(
    @InjectDataSource() private readonly dataSource: DataSource,
    private readonly config: Config,
  ) {}

  onApplicationBootstrap(): void {
    this.scheduleIn(FIRST_MS + Math.random() * FIRST_SPREAD_MS);
  }

  async onApplicationShutdown(): Promise<void> {
    clearTimeout(this.timer);
    this.abort.abort();
    await this.running;
  }

  /** Schedules the work, which then repeats every hour. */
  private scheduleIn(delayMs: number): void {
    this.timer = setTimeout(() => {
      this.scheduleIn(INTERVAL_MS);
      this.running = this.running.then(() => this.work());
    }, delayMs);
  }

  private async work(): Promise<void> {
    await createPartitions(this.dataSource).catch((error: Error) =>
      this.logger.warn({ err: error }, 'Partitions cannot be created now'),
    );
    await this.removeOld().catch((error: Error) =>
      this.logger.warn({ err: error }, 'Old rows cannot be removed now'),
    );
  }

  /** Removes all rows that are older than the retention of their table. @throws the driver's error */
  async removeOld(): Promise<void> {
    for (const table of LOG_TABLES) {
      const days = table.retentionDays(this.config);
      await dropPartitions(this.dataSource, table, days);
      await this.removeRows(removeRows({ ...table, name: `${table.name}_default` }), days);
    }
    if (this.config.PERIOD_RETENTION_DAYS > 0) {
      await this.removeRows(
        removeRows({ name: 'group_member_periods', time: 'valid_to' }),
        this.config.PERIOD_RETENTION_DAYS,
      );
    }
  }

  private async removeRows(statement: string, days: number): Promise<void> {
    while (!this.abort.signal.aborted) {
      const [{ rows }] = await this.dataSource.query<[{ rows: number }]>(statement, [days]);
      if (rows < BATCH) {
        return;
      }
      await sleep(PAUSE_MS);
    }
  }
}

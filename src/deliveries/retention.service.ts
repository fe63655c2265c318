import { setTimeout as sleep } from 'node:timers/promises';
import { Injectable, Logger, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { DataSource } from 'typeorm';
import { Config } from '../config/config.js';
import { RETENTION } from '../postgres/advisory-locks.js';

/** Interval of removals, in ms. */
const INTERVAL_MS = 3_600_000;
/** Delay of the first removal after the start, in ms, and the random part of it: a service may not run for an hour, and replicas may start together. */
const FIRST_MS = 30_000;
const FIRST_SPREAD_MS = 60_000;
/** Pause between two batches, in ms: callbacks are written meanwhile. */
const PAUSE_MS = 100;
/** Rows of a batch. */
const BATCH = 500;

const SINGLE = `pg_try_advisory_xact_lock(${RETENTION})`;
const OLDER = (time: string, days: string): string => `${time} < now() - ${days}::integer * interval '1 day'`;

const REMOVE_BODIES = `
  UPDATE callback_deliveries SET body = NULL
  WHERE (SELECT ${SINGLE}) AND id IN (
    SELECT id FROM callback_deliveries WHERE body IS NOT NULL AND ${OLDER('received_at', '$1')} ORDER BY received_at LIMIT ${BATCH}
  )`;
const removeRows = (table: string, time: string): string => `
  DELETE FROM ${table}
  WHERE (SELECT ${SINGLE}) AND id IN (
    SELECT id FROM ${table} WHERE ${OLDER(time, '2 * $1')} ORDER BY ${time} LIMIT ${BATCH}
  )`;
const STATEMENTS = [
  REMOVE_BODIES,
  removeRows('callback_deliveries', 'received_at'),
  removeRows('group_drifts', 'found_at'),
];

/**
 * Removes bodies of callbacks after `DELIVERY_RETENTION_DAYS`, and rows of deliveries and drift after twice that, in batches of 500 with pauses
 * between them.
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
    this.removeIn(FIRST_MS + Math.random() * FIRST_SPREAD_MS);
  }

  async onApplicationShutdown(): Promise<void> {
    clearTimeout(this.timer);
    this.abort.abort();
    await this.running;
  }

  /** Schedules the removal of old rows, which then repeats every hour. */
  private removeIn(delayMs: number): void {
    this.timer = setTimeout(() => {
      this.removeIn(INTERVAL_MS);
      this.running = this.running
        .then(() => this.removeOld())
        .catch((error: Error) => this.logger.warn({ err: error }, 'Old deliveries cannot be removed now'));
    }, delayMs);
  }

  /** Removes all old rows. @throws the driver's error */
  async removeOld(): Promise<void> {
    for (const statement of STATEMENTS) {
      while (!this.abort.signal.aborted && (await this.removeBatch(statement)) === BATCH) {
        await sleep(PAUSE_MS);
      }
    }
  }

  private async removeBatch(statement: string): Promise<number> {
    const [, rows] = await this.dataSource.query<[unknown, number]>(statement, [
      this.config.DELIVERY_RETENTION_DAYS,
    ]);
    return rows;
  }
}

import { setTimeout as sleep } from 'node:timers/promises';
import {
  Inject,
  Injectable,
  Logger,
  type OnApplicationBootstrap,
  type OnApplicationShutdown,
} from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { DataSource } from 'typeorm';
import { continueFeed } from '../changes/feed-order.js';
import { Config } from '../config/config.js';
import { DatabaseClock } from '../postgres/database-clock.js';
import { DatabaseState } from '../postgres/database-state.js';
import { withAdvice } from '../postgres/connection-advice.js';
import { ConnectionError, isDatabaseUnavailable, lacksPrivilege } from '../postgres/errors.js';
import { createPartitions } from '../partitions/daily-partitions.js';
import { isTransactionPooled } from '../postgres/pooler.js';
import { DatabaseAccessError } from './database-access-error.js';
import { pendingMigrations, migrate } from './migrate.js';
import { MIGRATION_OPTIONS, type MigrationOptions } from './migration-options.js';

/** Delay between two attempts, in ms. */
const RETRY_MS = 1000;
/** Interval at which the log repeats why the service waits, in ms. */
const REMINDER_MS = 60_000;
/** Time limit of each connection and statement that detects a pooler, in ms. */
const PROBE_TIMEOUT_MS = 3000;
/** Reasons why the database cannot be used before its migrations, for the service and for commands that do not migrate. */
const PENDING = {
  some: 'migrations are pending: start the service without RUN_MIGRATIONS=false, or run npm run migration:run',
  all: 'the database has no tables of this service: correct DATABASE_URL or DATABASE_SCHEMA if they name another database; otherwise apply the migrations: start the service without RUN_MIGRATIONS=false, or run npm run migration:run',
};
/** Interval of readings of PostgreSQL's clock, in ms. In that time the clocks drift apart by less than 1 ms. */
const CLOCK_MS = 60_000;

/**
 * Opens the database in the background, while the service answers already: waits until PostgreSQL can be reached, applies the pending
 * migrations, opens the pool.
 */
@Injectable()
export class DatabaseService implements OnApplicationBootstrap, OnApplicationShutdown {
  private readonly logger = new Logger('Database');
  private readonly abort = new AbortController();

  /** Resolves when the database is in use, or when the service stops before. Rejects where a migration failed. */
  opened: Promise<void> = Promise.resolve();

  /** Why the database is not ready yet; "" before the first attempt. */
  notReadyReason = '';
  private reportedAt = -Infinity;
  /** Whether `notReadyReason` is that PostgreSQL cannot be reached. */
  private isAway = false;
  private clockInterval?: NodeJS.Timeout;

  constructor(
    @InjectDataSource() private readonly dataSource: DataSource,
    @Inject(MIGRATION_OPTIONS) private readonly options: MigrationOptions,
    private readonly config: Config,
    private readonly state: DatabaseState,
    private readonly clock: DatabaseClock,
  ) {}

  /** Whether the database is in use, or will be as soon as PostgreSQL can be reached: no migration is pending, and no pooler is in the wrong mode. */
  get isWaitingForPostgres(): boolean {
    return this.dataSource.isInitialized || this.isAway;
  }

  onApplicationBootstrap(): void {
    this.opened = this.open();
    this.opened.catch(() => undefined); // service.ts stops the process
  }

  async onApplicationShutdown(): Promise<void> {
    this.abort.abort();
    this.state.close();
    clearInterval(this.clockInterval);
    await this.opened.catch(() => undefined);
  }

  private async open(): Promise<void> {
    while (!this.abort.signal.aborted) {
      const reason = await this.tryOpen();
      if (reason === undefined) {
        this.logger.log('The database is ready');
        this.state.opened();
        return;
      }
      this.report(reason);
      await sleep(RETRY_MS, undefined, { signal: this.abort.signal }).catch(() => undefined);
    }
  }

  /** Logs the reason when it changes, and each minute. */
  private report(reason: string): void {
    const now = performance.now();
    if (reason !== this.notReadyReason || now - this.reportedAt >= REMINDER_MS) {
      this.notReadyReason = reason;
      this.reportedAt = now;
      this.logger.warn({ reason }, 'Waiting for the database');
    }
  }

  /** @returns why the database is not ready yet; undefined: it is in use */
  private async tryOpen(): Promise<string | undefined> {
    try {
      if (await this.isTransactionPooled()) {
        this.isAway = false;
        return 'DATABASE_URL leads to a connection pooler in transaction mode, where settings and prepared statements get lost between transactions; put the pooler into session mode, or connect to PostgreSQL itself';
      }
      if (this.config.RUN_MIGRATIONS) {
        const applied = await migrate(this.options, {
          schema: this.config.DATABASE_SCHEMA,
          abort: this.abort.signal,
          onPending: ({ length: pending }) => this.logger.log({ pending }, 'Applying migrations'),
        });
        applied.forEach((migration) => this.logger.log({ migration }, 'Migration applied'));
      } else {
        const pending = await pendingMigrations(this.options);
        if (pending !== 'none') {
          this.isAway = false;
          return PENDING[pending];
        }
      }
      if (!this.dataSource.isInitialized) {
        await this.dataSource.initialize();
      }
      await this.createPartitions();
      await continueFeed(this.dataSource);
      await this.clock.set();
      this.clockInterval = setInterval(() => void this.clock.set().catch(() => undefined), CLOCK_MS).unref();
      return undefined;
    } catch (error) {
      this.isAway = isDatabaseUnavailable(error);
      if (this.isAway || this.abort.signal.aborted) {
        return withAdvice(error);
      }
      throw lacksPrivilege(error) ? new DatabaseAccessError(error) : error;
    }
  }

  /** Without partitions, which a role may not be allowed to create, rows go to the default partitions. */
  private async createPartitions(): Promise<void> {
    try {
      await createPartitions(this.dataSource);
    } catch (error) {
      if (isDatabaseUnavailable(error)) {
        throw error;
      }
      this.logger.warn({ err: error }, 'Partitions cannot be created now');
    }
  }

  private isTransactionPooled(): Promise<boolean> {
    return isTransactionPooled(this.options.extra, PROBE_TIMEOUT_MS).catch((error: unknown) =>
      Promise.reject(new ConnectionError(error)),
    );
  }
}

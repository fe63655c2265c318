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
import { Config } from '../config/config.js';
import { DatabaseClock } from '../postgres/database-clock.js';
import { DatabaseState } from '../postgres/database-state.js';
import { ConnectionError, isDatabaseUnavailable } from '../postgres/errors.js';
import { isTransactionPooled } from '../postgres/pooler.js';
import { pendingMigrations, migrate } from './migrate.js';
import { MIGRATION_OPTIONS, type MigrationOptions } from './migration-options.js';

const RETRY_MS = 1000;
/** How long a connection and a statement may take that only look what is there, in ms. */
const PROBE_TIMEOUT_MS = 3000;
/** Why it cannot be used without migrations, also for a command that is not to change the tables. */
const PENDING = {
  some: 'migrations are pending; the service applies them at its start unless RUN_MIGRATIONS is false, and npm run migration:run does',
  all: 'it has no tables of this service: DATABASE_URL and DATABASE_SCHEMA lead to another place than those of the service, or all migrations are pending; the service applies them at its start unless RUN_MIGRATIONS is false, and npm run migration:run does',
};
/** How often PostgreSQL's clock is read, in ms: clocks drift apart by less than 1 ms meanwhile. */
const CLOCK_MS = 60_000;

/**
 * Brings the database into use in the background, so that the service answers from its first moment: waits until PostgreSQL is
 * there, applies the pending migrations, opens the pool.
 */
@Injectable()
export class DatabaseService implements OnApplicationBootstrap, OnApplicationShutdown {
  private readonly logger = new Logger('Database');
  private readonly abort = new AbortController();

  /** Resolves when the database is in use (or the service stops before); rejects when it never can be: a migration failed. */
  opened: Promise<void> = Promise.resolve();

  /** Why it cannot be used yet; "" where nothing is known of that. */
  obstacle = '';
  /** Whether that is because PostgreSQL is away. */
  private away = false;
  private reading?: NodeJS.Timeout;

  constructor(
    @InjectDataSource() private readonly dataSource: DataSource,
    @Inject(MIGRATION_OPTIONS) private readonly options: MigrationOptions,
    private readonly config: Config,
    private readonly state: DatabaseState,
    private readonly clock: DatabaseClock,
  ) {}

  /** Whether PostgreSQL is all that is missing: it was in use, or would be by now. */
  get lacksOnlyPostgres(): boolean {
    return this.dataSource.isInitialized || this.away;
  }

  onApplicationBootstrap(): void {
    this.opened = this.open();
    this.opened.catch(() => undefined); // main.ts ends the process for it
  }

  async onApplicationShutdown(): Promise<void> {
    this.abort.abort();
    this.state.close();
    clearInterval(this.reading);
    await this.opened.catch(() => undefined);
  }

  private async open(): Promise<void> {
    while (!this.abort.signal.aborted) {
      const obstacle = await this.tryOpen();
      if (!obstacle) {
        this.logger.log('The database is ready');
        this.state.opened();
        return;
      }
      if (obstacle !== this.obstacle) {
        this.logger.warn(`Waiting for the database: ${(this.obstacle = obstacle)}`);
      }
      await sleep(RETRY_MS, undefined, { signal: this.abort.signal }).catch(() => undefined);
    }
  }

  /** @returns why the database cannot be used yet */
  private async tryOpen(): Promise<string | undefined> {
    try {
      if (await this.isTransactionPooled()) {
        this.away = false;
        return 'DATABASE_URL leads to a connection pooler in transaction mode, where settings and prepared statements get lost between transactions; put the pooler into session mode, or connect to PostgreSQL itself';
      }
      if (this.config.RUN_MIGRATIONS) {
        const applied = await migrate(this.options, this.config.DATABASE_SCHEMA, this.abort.signal);
        applied.forEach((name) => this.logger.log(`Applied migration ${name}`));
      } else {
        const pending = await pendingMigrations(this.options);
        if (pending !== 'none') {
          this.away = false;
          return PENDING[pending];
        }
      }
      if (!this.dataSource.isInitialized) {
        await this.dataSource.initialize();
      }
      await this.clock.set();
      this.reading = setInterval(() => void this.clock.set().catch(() => undefined), CLOCK_MS).unref();
      return undefined;
    } catch (error) {
      this.away = isDatabaseUnavailable(error);
      if (this.away || this.abort.signal.aborted) {
        return (error as Error).message || String((error as NodeJS.ErrnoException).code);
      }
      throw error;
    }
  }

  private isTransactionPooled(): Promise<boolean> {
    return isTransactionPooled(this.options.extra, PROBE_TIMEOUT_MS).catch((error: unknown) =>
      Promise.reject(new ConnectionError(error)),
    );
  }
}

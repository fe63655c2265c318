import { setTimeout as sleep } from 'node:timers/promises';
import { Injectable, Logger, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { DataSource } from 'typeorm';
import { Config } from '../config.js';
import { isDatabaseUnavailable } from '../database-unavailable.js';
import { hasPendingMigrations, migrate } from './migrate.js';

const RETRY_MS = 1000;

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

  constructor(
    @InjectDataSource() private readonly dataSource: DataSource,
    private readonly config: Config,
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
    await this.opened.catch(() => undefined);
  }

  private async open(): Promise<void> {
    while (!this.abort.signal.aborted) {
      const obstacle = await this.tryOpen();
      if (!obstacle) {
        return this.logger.log('The database is ready');
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
      if (this.config.RUN_MIGRATIONS) {
        const applied = await migrate(this.dataSource.options, this.abort.signal);
        applied.forEach((name) => this.logger.log(`Applied migration ${name}`));
      } else if (await hasPendingMigrations(this.dataSource.options)) {
        this.away = false;
        return 'migrations are pending and RUN_MIGRATIONS is false; run npm run migration:run';
      }
      await this.dataSource.initialize();
      return undefined;
    } catch (error) {
      this.away = isDatabaseUnavailable(error);
      if (this.away || this.abort.signal.aborted) {
        return (error as Error).message || String((error as NodeJS.ErrnoException).code);
      }
      throw error;
    }
  }
}

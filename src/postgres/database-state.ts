import { Injectable, Logger } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { Client, type ClientBase, type PoolConfig } from 'pg';
import { DataSource } from 'typeorm';
import { isLockTimeout, isStatementError, refusesAllWrites } from './errors.js';
import { poolOf } from './pool.js';
import { withTimeout } from './with-timeout.js';

/** How long PostgreSQL has for a connection and a statement that does nothing, in ms. */
const PROBE_TIMEOUT_MS = 1000;
/** How long a probe is good for those who ask, in ms. */
const FRESH_MS = 500;
/** How often PostgreSQL is tried while it is away, in ms. */
const RETRY_MS = 250;
/** How long a write that failed counts, in ms: longer than the pause before the journal tries it again. */
const FAILURE_MS = 15_000;
/** Writes of so many groups fail, and none succeeds: it is not about a group. */
const FAILING_GROUPS = 3;

/** Fails at once where another session locks out every writer of a table (LOCK TABLE, ALTER TABLE), or the server is read-only. */
const LOCKS = `LOCK TABLE groups, group_members, callback_deliveries IN ROW EXCLUSIVE MODE NOWAIT`;

/**
 * `writable`; `unwritable`: it answers, but takes no writes of any group; `away`: no connection can be made, or a statement that does
 * nothing gets no answer. A statement about a group that fails or is late says nothing of others, and is none of these.
 */
export type DatabaseCondition = 'writable' | 'unwritable' | 'away';

/** Knows whether PostgreSQL is there and takes writes: by what became of writes, and by asking where that is in doubt. */
@Injectable()
export class DatabaseState {
  private readonly logger = new Logger('Database');
  private isAway = true;
  /** Whether the last probe found that writers are locked out. */
  private isLockedOut = false;
  /** When a write of each group failed last, of those since one succeeded, by `performance.now()`. */
  private readonly failures = new Map<string, number>();
  /** When PostgreSQL refused a write for a reason that holds for all. */
  private refusedAllAt = -Infinity;
  private probing?: Promise<void>;
  private probedAt = -Infinity;
  private closed = false;
  private readonly waiting: (() => void)[] = [];

  constructor(@InjectDataSource() private readonly dataSource: DataSource) {}

  /** What is known now, without asking. */
  get condition(): DatabaseCondition {
    if (this.isAway) {
      return 'away';
    }
    return this.isLockedOut || this.refusesAll ? 'unwritable' : 'writable';
  }

  /** The database is in use from now on. */
  opened(): void {
    this.isAway = false;
    this.resumeWaiting();
  }

  /** The service stops: nothing is probed any more. */
  close(): void {
    this.closed = true;
    this.resumeWaiting();
  }

  /** A write succeeded. */
  wrote(): void {
    if (this.failures.size > 0 || this.isLockedOut || this.isAway) {
      this.failures.clear();
      this.refusedAllAt = -Infinity;
      this.isLockedOut = false;
      this.setAway(false);
    }
  }

  /** A write of a group failed, or was late. */
  failed(groupID: string, error: unknown): void {
    if (refusesAllWrites(error)) {
      this.refusedAllAt = performance.now();
    }
    if (isLockTimeout(error)) {
      void this.check(); // a row that is locked is a fact about its group, a table that is locked is found there
      return;
    }
    this.failures.delete(groupID);
    this.failures.set(groupID, performance.now());
    if (!isStatementError(error)) {
      this.suspect();
    }
  }

  /** Something is not as it should be: PostgreSQL is asked. */
  suspect(): void {
    void this.probe();
  }

  /** Asks PostgreSQL, unless it was asked just now, or is away and tried again all the time. */
  async check(): Promise<DatabaseCondition> {
    if (!this.isAway && performance.now() - this.probedAt > FRESH_MS) {
      await this.probe();
    }
    return this.condition;
  }

  /** Resolves when PostgreSQL is there, at once where it is; also when the service stops. */
  async present(): Promise<void> {
    if (this.isAway && !this.closed) {
      await new Promise<void>((resolve) => this.waiting.push(resolve));
    }
  }

  /** One at a time, however many ask. */
  private probe(): Promise<void> {
    this.probing ??= this.ask().finally(() => {
      this.probedAt = performance.now();
      this.probing = undefined;
      if (this.isAway && !this.closed) {
        setTimeout(() => void this.probe(), RETRY_MS).unref();
      }
    });
    return this.probing;
  }

  private async ask(): Promise<void> {
    const pool = poolOf(this.dataSource);
    if (!pool) {
      return;
    }
    try {
      if (pool.idleCount > 0) {
        const client = await pool.connect();
        const answered = this.askOn(client);
        await answered.then(
          () => client.release(),
          () => client.release(true),
        );
        await answered;
      } else {
        // All connections may be at work for groups that are locked: that is not "away".
        await this.askAnew(this.dataSource.options.extra as PoolConfig);
      }
      this.setAway(false);
    } catch (error) {
      this.setAway(true, error as Error);
    }
  }

  private async askAnew(options: PoolConfig): Promise<void> {
    const client = new Client({ ...options, connectionTimeoutMillis: PROBE_TIMEOUT_MS });
    client.on('error', () => undefined); // the query under way rejects
    try {
      await client.connect();
      await withTimeout(Promise.resolve(options.onConnect?.(client)), PROBE_TIMEOUT_MS, timedOut);
      await this.askOn(client);
    } finally {
      client.end().catch(() => undefined);
    }
  }

  private async askOn(client: ClientBase): Promise<void> {
    const run = <Row extends object>(sql: string) =>
      withTimeout(client.query<Row>(sql), PROBE_TIMEOUT_MS, timedOut);
    const { rows } = await run<{ read_only: boolean }>(
      `SELECT current_setting('transaction_read_only') = 'on' AS read_only`,
    );
    await run('BEGIN');
    this.isLockedOut =
      rows[0]!.read_only ||
      (await run(LOCKS).then(
        () => false,
        (error: unknown) => {
          if (isStatementError(error)) {
            return true;
          }
          throw error;
        },
      ));
    await run('ROLLBACK');
  }

  private get refusesAll(): boolean {
    const now = performance.now();
    for (const [groupID, at] of this.failures) {
      if (now - at < FAILURE_MS) {
        break;
      }
      this.failures.delete(groupID);
    }
    return this.failures.size >= FAILING_GROUPS || now - this.refusedAllAt < FAILURE_MS;
  }

  private setAway(isAway: boolean, error?: Error): void {
    if (this.isAway === isAway) {
      return;
    }
    this.isAway = isAway;
    if (isAway) {
      this.logger.warn(`PostgreSQL is away: ${error?.message}`);
    } else {
      this.logger.log('PostgreSQL is back');
      this.resumeWaiting();
    }
  }

  private resumeWaiting(): void {
    this.waiting.splice(0).forEach((resume) => resume());
  }
}

const timedOut = (): Error => new Error(`no answer within ${PROBE_TIMEOUT_MS} ms`);

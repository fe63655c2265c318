import { Injectable, Logger } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { DataSource } from 'typeorm';
import { withAdvice } from './connection-advice.js';
import { probeWritable } from './database-probe.js';
import { isLockTimeout, isStatementError, refusesAllWrites } from './errors.js';

/** Time for which a probe is not repeated, in ms. */
const PROBE_TTL_MS = 500;
/** Interval of probes while PostgreSQL is away, in ms. */
const RETRY_MS = 250;
/** Time for which a failed write counts, in ms. It is longer than the delay until the journal retries the write. */
const FAILURE_MS = 15_000;
/** Number of groups whose writes fail, while no write succeeds, from which on the cause is not a single group. */
const FAILING_GROUPS = 3;

/**
 * `writable`: PostgreSQL accepts writes; `unwritable`: it answers, but accepts no write of any group; `away`: no connection can be made, or a
 * trivial statement gets no answer. A single group whose write fails or is late does not change the condition.
 */
export type DatabaseCondition = 'writable' | 'unwritable' | 'away';

/** Whether PostgreSQL can be reached and accepts writes: derived from the results of writes, and from probes after a failure. */
@Injectable()
export class DatabaseState {
  private readonly logger = new Logger('Database');
  private isAway = true;
  /** Whether the last probe found that writers are locked out, or the server is read-only. */
  private isLockedOut = false;
  /** Time of the last failed write of each group since the last successful write, by `performance.now()`. */
  private readonly failures = new Map<string, number>();
  /** Time when PostgreSQL last refused a write for a reason that concerns all writes, by `performance.now()`. */
  private refusedAllAt = -Infinity;
  private probing?: Promise<void>;
  private probedAt = -Infinity;
  private closed = false;
  private readonly waiting: (() => void)[] = [];

  constructor(@InjectDataSource() private readonly dataSource: DataSource) {}

  /** The condition by the last results, without a new probe. */
  get condition(): DatabaseCondition {
    if (this.isAway) {
      return 'away';
    }
    return this.isLockedOut || this.refusesAll ? 'unwritable' : 'writable';
  }

  /** Marks PostgreSQL reachable: the database is in use from now on. */
  opened(): void {
    this.isAway = false;
    this.resumeWaiting();
  }

  /** Stops probing, at the end of the service. */
  close(): void {
    this.closed = true;
    this.resumeWaiting();
  }

  /** Records that a write succeeded. */
  wrote(): void {
    if (this.failures.size > 0 || this.isLockedOut || this.isAway) {
      this.failures.clear();
      this.refusedAllAt = -Infinity;
      this.isLockedOut = false;
      this.setAway(false);
    }
  }

  /** Records that a write of a group failed or was late. */
  failed(groupID: string, error: unknown): void {
    if (refusesAllWrites(error)) {
      this.refusedAllAt = performance.now();
    }
    if (isLockTimeout(error)) {
      void this.check(); // the lock of a row concerns its group; the probe finds the lock of a table
      return;
    }
    this.failures.delete(groupID);
    this.failures.set(groupID, performance.now());
    if (!isStatementError(error)) {
      this.probeSoon();
    }
  }

  /** Probes PostgreSQL in the background, unless a probe is in progress. */
  probeSoon(): void {
    void this.probe();
  }

  /** Probes PostgreSQL, unless the last probe is less than 500 ms old or PostgreSQL is away: then probes repeat by themselves. */
  async check(): Promise<DatabaseCondition> {
    if (!this.isAway && performance.now() - this.probedAt > PROBE_TTL_MS) {
      await this.probe();
    }
    return this.condition;
  }

  /** Resolves when PostgreSQL can be reached, or the service stops. */
  async untilReachable(): Promise<void> {
    if (this.isAway && !this.closed) {
      await new Promise<void>((resolve) => this.waiting.push(resolve));
    }
  }

  /** Joins the probe in progress, or starts one. */
  private probe(): Promise<void> {
    this.probing ??= this.probeOnce().finally(() => {
      this.probedAt = performance.now();
      this.probing = undefined;
      if (this.isAway && !this.closed) {
        setTimeout(() => void this.probe(), RETRY_MS).unref();
      }
    });
    return this.probing;
  }

  private async probeOnce(): Promise<void> {
    try {
      const isWritable = await probeWritable(this.dataSource);
      if (isWritable !== undefined) {
        this.isLockedOut = !isWritable;
        this.setAway(false);
      }
    } catch (error) {
      this.setAway(true, error as Error);
    }
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
      this.logger.warn({ reason: withAdvice(error) }, 'PostgreSQL cannot be reached');
    } else {
      this.logger.log('PostgreSQL can be reached again');
      this.resumeWaiting();
    }
  }

  private resumeWaiting(): void {
    this.waiting.splice(0).forEach((resume) => resume());
  }
}

import {
  type BeforeApplicationShutdown,
  Injectable,
  Logger,
  type OnApplicationBootstrap,
  type OnModuleInit,
} from '@nestjs/common';
import { setTimeout as sleep } from 'node:timers/promises';
import PQueue from 'p-queue';
import { Config } from '../../config/config.js';
import { JournalService } from '../../journal/journal.service.js';
import type { WaitingEntry } from '../../journal/journaled-groups.js';
import { DatabaseClock } from '../../postgres/database-clock.js';
import { DatabaseState } from '../../postgres/database-state.js';
import { ConnectionError, isLockTimeout } from '../../postgres/errors.js';
import { ReplayWriter } from './replay-writer.service.js';

/** How many callbacks of one group, and how many of their bytes, are applied in one transaction. */
const BATCH = 50;
const BATCH_BYTES = 1024 * 1024;
/** How long a group waits that could not be written, in ms; twice as long each time. */
const RETRY_MS = 250;
const LAST_RETRY_MS = 10_000;
/** How long what is being applied is waited for at the end, in ms. */
const STOP_MS = 1000;

/**
 * Applies what waits in the journal as soon as PostgreSQL is there: groups side by side, the callbacks of each in their order. A group that
 * cannot be written waits by itself; it is tried again in a lane of its own, so that many such groups do not take the place of others.
 */
@Injectable()
export class JournalReplay implements OnModuleInit, OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly logger = new Logger('Journal');
  private readonly groups: PQueue;
  private readonly retries: PQueue;
  /** Groups that are in a queue, being applied, or waiting to be tried again. */
  private readonly scheduled = new Set<string>();
  /** How often a group could not be written, and how often for a reason that is its first entry's own. */
  private readonly failures = new Map<string, { sequence: number; times: number; ofEntry: number }>();
  private stopping = false;

  constructor(
    private readonly journal: JournalService,
    private readonly writer: ReplayWriter,
    private readonly database: DatabaseState,
    private readonly clock: DatabaseClock,
    config: Config,
  ) {
    // Callbacks that come meanwhile need connections too.
    const lanes = (part: number): number => Math.max(1, Math.floor(config.DATABASE_POOL_SIZE * part));
    this.groups = new PQueue({ concurrency: lanes(0.4) });
    this.retries = new PQueue({ concurrency: lanes(0.2) });
  }

  /** Before the first callback can come. */
  onModuleInit(): Promise<void> {
    return this.journal.open();
  }

  onApplicationBootstrap(): void {
    this.journal.groups.ids.forEach((groupID) => this.schedule(groupID));
  }

  /** What is being applied may be given up at any moment: the next process applies it, if PostgreSQL has not. */
  async beforeApplicationShutdown(): Promise<void> {
    this.stopping = true;
    this.groups.clear();
    this.retries.clear();
    this.database.close();
    await Promise.race([
      Promise.all([this.groups.onIdle(), this.retries.onIdle()]),
      sleep(STOP_MS, undefined, { ref: false }),
    ]);
  }

  /**
   * Has an entry applied that was appended.
   * @param failed the write of it that failed, or is late and may still succeed: until it ends it would be waited for
   */
  enqueue({ groupID }: WaitingEntry, failed?: Promise<unknown>): void {
    if (!failed) {
      this.schedule(groupID);
    } else if (!this.scheduled.has(groupID)) {
      this.scheduled.add(groupID);
      failed.then(
        () => this.retry(groupID, 0),
        () => this.retry(groupID, RETRY_MS),
      );
    }
  }

  /** Has what waits in a group applied, if anything does. */
  schedule(groupID: string): void {
    if (!this.scheduled.has(groupID) && this.journal.groups.has(groupID) && !this.stopping) {
      this.scheduled.add(groupID);
      void this.groups.add(() => this.apply(groupID));
    }
  }

  private retry(groupID: string, pauseMs: number, queue = this.retries): void {
    setTimeout(() => {
      if (!this.stopping) {
        void queue.add(() => this.apply(groupID));
      }
    }, pauseMs).unref();
  }

  /** Applies the first entries of a group. */
  private async apply(groupID: string): Promise<void> {
    await this.database.present();
    if (this.stopping) {
      return;
    }
    try {
      await this.setMissingAsOf();
      const entries = this.journal.groups.first(groupID, BATCH, BATCH_BYTES);
      if (entries.length === 0) {
        this.scheduled.delete(groupID); // none is on disk yet; each is told of when it is
        return;
      }
      await this.writer.write(entries, this.failuresOf(groupID).ofEntry);
      this.failures.delete(groupID);
      this.database.wrote();
    } catch (error) {
      this.failed(groupID, error as Error);
      return;
    }
    this.scheduled.delete(groupID);
    this.schedule(groupID); // behind the others
  }

  private failed(groupID: string, error: Error): void {
    this.database.failed(groupID, error);
    this.logger.debug(`Group ${groupID} is tried again: ${error.message}`);
    if (error instanceof ConnectionError && !error.isLost) {
      this.retry(groupID, RETRY_MS, this.groups); // it waits there until PostgreSQL is back
      return;
    }
    const { sequence, times, ofEntry } = this.failuresOf(groupID);
    this.failures.set(groupID, {
      sequence,
      times: times + 1,
      ofEntry: ofEntry + Number(!isLockTimeout(error)),
    });
    this.retry(groupID, Math.min(RETRY_MS * 2 ** times, LAST_RETRY_MS));
  }

  /** Those of the entry that is the first of its group now. */
  private failuresOf(groupID: string): { sequence: number; times: number; ofEntry: number } {
    const [first] = this.journal.groups.first(groupID, 1, Infinity);
    const sequence = first?.sequence ?? 0;
    const failures = this.failures.get(groupID);
    return failures?.sequence === sequence ? failures : { sequence, times: 0, ofEntry: 0 };
  }

  /** Reads PostgreSQL's clock for what came before it was reached. */
  private async setMissingAsOf(): Promise<void> {
    if (!this.clock.isSet) {
      await this.clock.set();
    }
    this.journal.groups.setMissingAsOf(this.clock.now()!);
  }
}

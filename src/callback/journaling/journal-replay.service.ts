import {
  type BeforeApplicationShutdown,
  Injectable,
  Logger,
  type OnApplicationBootstrap,
  type OnModuleInit,
} from '@nestjs/common';
import PQueue from 'p-queue';
import { Config } from '../../config/config.js';
import { JournalService } from '../../journal/journal.service.js';
import type { WaitingEntry } from '../../journal/journaled-groups.js';
import { DatabaseClock } from '../../postgres/database-clock.js';
import { DatabaseState } from '../../postgres/database-state.js';
import { ConnectionError, isLockTimeout } from '../../postgres/errors.js';
import { ReplayWriter } from './replay-writer.service.js';
import { withTimeout } from '../../waiting/with-timeout.js';

/** Entries of one ordering key in one transaction, and the bytes of their bodies. */
const BATCH = 50;
const BATCH_BYTES = 1024 * 1024;
/** Delay before the first retry of an ordering key, in ms. It doubles with each failure, up to the second number. */
const RETRY_MS = 250;
const MAX_RETRY_MS = 10_000;
/** Longest wait for running transactions at shutdown, in ms. */
const SHUTDOWN_TIMEOUT_MS = 1000;

/** Failures of the first entry of an ordering key. */
interface Failures {
  readonly sequence: number;
  readonly attempts: number;
  /** Failures that the entry itself causes: all but those for a lock. */
  readonly ofEntry: number;
}

/**
 * Drains the journal into PostgreSQL: ordering keys side by side, the entries of each in their order. A key that fails is retried in a
 * queue of its own, so that failing groups do not take the place of others.
 */
@Injectable()
export class JournalReplay implements OnModuleInit, OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly logger = new Logger('Journal');
  private readonly queue: PQueue;
  private readonly retries: PQueue;
  /** Ordering keys that are queued, being drained, or waiting for a retry. */
  private readonly scheduled = new Set<string>();
  private readonly failures = new Map<string, Failures>();
  private stopping = false;

  constructor(
    private readonly journal: JournalService,
    private readonly writer: ReplayWriter,
    private readonly database: DatabaseState,
    private readonly clock: DatabaseClock,
    config: Config,
  ) {
    // Callbacks that arrive during the replay need connections too.
    const share = (part: number): number => Math.max(1, Math.floor(config.DATABASE_POOL_SIZE * part));
    this.queue = new PQueue({ concurrency: share(0.4) });
    this.retries = new PQueue({ concurrency: share(0.2) });
  }

  /** Opens the journal before the first callback can arrive. */
  onModuleInit(): Promise<void> {
    return this.journal.open();
  }

  onApplicationBootstrap(): void {
    this.journal.groups.ids.forEach((orderingKey) => this.schedule(orderingKey));
  }

  /** Waits at most 1 s for running transactions. The next process applies every entry that PostgreSQL did not write. */
  async beforeApplicationShutdown(): Promise<void> {
    this.stopping = true;
    this.queue.clear();
    this.retries.clear();
    this.database.close();
    await withTimeout(
      Promise.all([this.queue.onIdle(), this.retries.onIdle()]),
      SHUTDOWN_TIMEOUT_MS,
      () => undefined,
    );
  }

  /**
   * Schedules the replay of an entry that was appended.
   * @param failed the write that failed, or is late and may still succeed; the replay begins after its end, since it locks the group
   */
  enqueue({ groupID: orderingKey }: WaitingEntry, failed?: Promise<unknown>): void {
    if (!failed) {
      this.schedule(orderingKey);
    } else if (!this.scheduled.has(orderingKey)) {
      this.scheduled.add(orderingKey);
      failed.then(
        () => this.retry(orderingKey, 0),
        () => this.retry(orderingKey, RETRY_MS),
      );
    }
  }

  /** Schedules the replay of an ordering key, if entries of it wait. */
  schedule(orderingKey: string): void {
    if (!this.scheduled.has(orderingKey) && this.journal.groups.has(orderingKey) && !this.stopping) {
      this.scheduled.add(orderingKey);
      void this.queue.add(() => this.drain(orderingKey));
    }
  }

  private retry(orderingKey: string, delayMs: number, queue = this.retries): void {
    setTimeout(() => {
      if (!this.stopping) {
        void queue.add(() => this.drain(orderingKey));
      }
    }, delayMs).unref();
  }

  /** Applies one batch of an ordering key, and queues the rest of it behind the other keys. */
  private async drain(orderingKey: string): Promise<void> {
    await this.database.untilReachable();
    if (this.stopping) {
      return;
    }
    try {
      await this.completeAsOf();
      const entries = this.journal.groups.first(orderingKey, BATCH, BATCH_BYTES);
      if (entries.length === 0) {
        this.scheduled.delete(orderingKey); // none is on disk yet; `enqueue` follows for each
        return;
      }
      await this.writer.write(entries, this.failuresOf(orderingKey).ofEntry);
      this.failures.delete(orderingKey);
      this.database.wrote();
    } catch (error) {
      this.retryAfter(error as Error, orderingKey);
      return;
    }
    this.scheduled.delete(orderingKey);
    this.schedule(orderingKey);
  }

  private retryAfter(error: Error, orderingKey: string): void {
    this.database.failed(orderingKey, error);
    if (error instanceof ConnectionError && !error.isLost) {
      this.retry(orderingKey, RETRY_MS, this.queue); // it waits there until PostgreSQL is back
      return;
    }
    const { sequence, attempts, ofEntry } = this.failuresOf(orderingKey);
    this.logger.debug({ orderingKey, attempt: attempts + 1, err: error }, 'Journal entry is retried');
    this.failures.set(orderingKey, {
      sequence,
      attempts: attempts + 1,
      ofEntry: ofEntry + Number(!isLockTimeout(error)),
    });
    this.retry(orderingKey, Math.min(RETRY_MS * 2 ** attempts, MAX_RETRY_MS));
  }

  /** Returns the failures of the entry that is the first of its ordering key now. */
  private failuresOf(orderingKey: string): Failures {
    const [first] = this.journal.groups.first(orderingKey, 1, Infinity);
    const sequence = first?.sequence ?? 0;
    const failures = this.failures.get(orderingKey);
    return failures?.sequence === sequence ? failures : { sequence, attempts: 0, ofEntry: 0 };
  }

  /** Sets the as_of of entries that arrived before PostgreSQL's clock was read. */
  private async completeAsOf(): Promise<void> {
    if (!this.clock.isSet) {
      await this.clock.set();
    }
    this.journal.groups.setMissingAsOf(this.clock.now()!);
  }
}

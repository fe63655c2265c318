import {
  type BeforeApplicationShutdown,
  Injectable,
  Logger,
  type OnApplicationBootstrap,
  type OnModuleInit,
  ServiceUnavailableException,
} from '@nestjs/common';
import { setTimeout as sleep } from 'node:timers/promises';
import { isDatabaseUnavailable } from '../database-unavailable.js';
import type { SyncOutcome } from '../groups/group-sync.service.js';
import { JournalMetrics } from '../journal/journal-metrics.js';
import { JournalService } from '../journal/journal.service.js';
import { LARGE_BYTES } from './callback-parser.service.js';
import type { ReceivedCallback } from './callback.commands.js';
import { inTime } from './in-time.js';
import { JournaledCallbacks } from './journaled-callbacks.service.js';

/** How long PostgreSQL has for a callback before it goes to the journal, in ms. */
const PATIENCE_MS = 1000;
/** The same for a large one, which says nothing of others. */
const PATIENCE_WITH_LARGE_MS = 2000;

/** How long to wait before the first of the journal is tried again, in ms. */
const RETRY_MS = 250;

/** How long the one that is being applied is waited for at the end, in ms. */
const STOP_MS = 1000;

/** What became of a callback: `journaled` is on disk here, and waits for PostgreSQL. */
export type Taken = SyncOutcome | 'ignored' | 'journaled';

/** PostgreSQL has not answered in time. It may still do what it was asked. */
class LateError extends Error {}

/** Keeps callbacks while PostgreSQL is away, and has them applied in their order when it is back, before later ones of the same group. */
@Injectable()
export class CallbackJournal implements OnModuleInit, OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly logger = new Logger('Journal');
  private readonly stop = new AbortController();
  private emptying: Promise<void> = Promise.resolve();
  /** Whether PostgreSQL did not write the last callback that it was given: it gets no other before the first that waits. */
  private away = false;

  constructor(
    private readonly journal: JournalService,
    private readonly journaled: JournaledCallbacks,
    private readonly metrics: JournalMetrics,
  ) {}

  /** Before the first callback can come. */
  onModuleInit(): Promise<void> {
    return this.journal.open();
  }

  onApplicationBootstrap(): void {
    if (this.journal.isOpen) {
      this.emptying = this.empty();
    }
  }

  /** One that is being applied may be given up at any moment: the next process applies it, if PostgreSQL has not. */
  async beforeApplicationShutdown(): Promise<void> {
    this.stop.abort();
    await Promise.race([this.emptying, sleep(STOP_MS, undefined, { ref: false })]);
  }

  /**
   * Has a callback written, or else keeps it.
   * @param write begins to write it
   * @returns when it is on disk, there or here
   * @throws what `write` throws, where that is not about PostgreSQL being away, or where the journal cannot take it
   */
  async unlessWritten(callback: ReceivedCallback, write: () => Promise<SyncOutcome>): Promise<Taken> {
    if (!this.journal.isOpen) {
      return write();
    }
    if (this.away || this.journal.waitsFor(callback.groupID)) {
      return this.keep(callback, new ServiceUnavailableException('The database cannot be reached'));
    }
    const isLarge = callback.delivery.body!.length >= LARGE_BYTES;
    const work = write();
    try {
      return await inTime(work, isLarge ? PATIENCE_WITH_LARGE_MS : PATIENCE_MS, () => new LateError());
    } catch (error) {
      if (!(error instanceof LateError || isDatabaseUnavailable(error))) {
        throw error;
      }
      this.setAway(this.away || !isLarge);
      return this.keep(callback, error).catch(() => work); // which may still be written, if it is only late
    }
  }

  private async keep({ groupID, delivery }: ReceivedCallback, reason: unknown): Promise<'journaled'> {
    const { id, arrivedAt, command, operationID, body } = delivery;
    try {
      await this.journal.append({ id, receivedAt: arrivedAt, command, operationID, groupID, body: body! });
    } catch (error) {
      this.logger.error(`${command} of ${groupID} is not in the journal: ${(error as Error).message}`);
      this.setAway(this.away && this.journal.waiting > 0);
      throw reason;
    }
    return 'journaled';
  }

  /** Has one after another applied, until the service stops. */
  private async empty(): Promise<void> {
    while (!this.stop.signal.aborted) {
      try {
        const applied = await this.journaled.apply(await this.journal.first(this.stop.signal));
        if (applied) {
          await this.journal.removeFirst();
          this.metrics.countApplied();
        }
        this.setAway(!applied);
      } catch (error) {
        if (!this.stop.signal.aborted) {
          this.logger.error(`The journal cannot be read: ${(error as Error).message}`);
          this.setAway(true);
        }
      }
      if (this.away) {
        await sleep(RETRY_MS, undefined, { signal: this.stop.signal }).catch(() => undefined);
      }
    }
  }

  private setAway(away: boolean): void {
    if (away && !this.away) {
      this.logger.warn('PostgreSQL is away: callbacks go to the journal');
    } else if (this.away && !away) {
      this.logger.log(`PostgreSQL is back; ${this.journal.waiting} callbacks are still to be applied`);
    }
    this.away = away;
  }
}

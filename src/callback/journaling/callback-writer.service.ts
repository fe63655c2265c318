import { Injectable, Logger, ServiceUnavailableException } from '@nestjs/common';
import type { SyncOutcome } from '../../groups/group-change.js';
import { BOOT, uptime } from '../../journal/boot.js';
import { JournalService } from '../../journal/journal.service.js';
import { DatabaseClock } from '../../postgres/database-clock.js';
import { DatabaseState } from '../../postgres/database-state.js';
import { ConnectionError, isOfTheValues, isStatementError } from '../../postgres/errors.js';
import { withTimeout } from '../../postgres/with-timeout.js';
import { LARGE_BYTES } from '../parsing/body-budget.js';
import { TooManyCallbacksException } from './callback-concurrency-limit.js';
import type { CallbackOutcome } from './callback-outcome.js';
import type { ReceivedCallback } from '../payloads/callback-commands.js';
import { JournalReplay } from './journal-replay.service.js';

/** How long PostgreSQL has for a callback before it goes to the journal, in ms; and for a large one. */
const TIMEOUT_MS = 1000;
const LARGE_TIMEOUT_MS = 2000;

/** How long a late write may take before it counts as one that fails, in ms: those that wait for a lock have ended by then. */
const STUCK_MS = 2000;

/** PostgreSQL has not written a callback in time. It may still do so. */
class LateError extends Error {}

/** Puts a callback on disk: into PostgreSQL, or into the journal where PostgreSQL does not write it now. */
@Injectable()
export class CallbackWriter {
  private readonly logger = new Logger('Journal');

  constructor(
    private readonly journal: JournalService,
    private readonly replay: JournalReplay,
    private readonly database: DatabaseState,
    private readonly clock: DatabaseClock,
  ) {}

  /**
   * Has a callback written, or else appends it to the journal: after those of its group that wait there, whatever the state of PostgreSQL is.
   * @param write begins to write it
   * @returns when it is on disk, there or here
   * @throws what `write` throws, where the callback itself is at fault, or where the journal cannot take it
   */
  async writeOrJournal(
    callback: ReceivedCallback,
    write: () => Promise<SyncOutcome>,
  ): Promise<CallbackOutcome> {
    const { orderingKey, delivery } = callback;
    const isWritable = this.database.condition === 'writable';
    if (this.journal.isOpen && (!isWritable || this.journal.groups.has(orderingKey))) {
      return this.append(callback, new ServiceUnavailableException('The database cannot be reached'));
    }
    const work = write();
    const isLarge = (delivery.body?.length ?? 0) >= LARGE_BYTES;
    const written = this.journal.isOpen
      ? withTimeout(work, isLarge ? LARGE_TIMEOUT_MS : TIMEOUT_MS, () => new LateError('late'))
      : work;
    try {
      const outcome = await written;
      this.database.wrote();
      return outcome;
    } catch (error) {
      if (isOfTheCallback(error)) {
        throw error;
      }
      this.watch(callback, error, work);
      if (!this.journal.isOpen) {
        throw error;
      }
      return this.append(callback, error, delivery.isSent ? work : undefined).catch(() => work); // it may only be late
    }
  }

  /** Tells the state of the database what became of a write, of one that is late when that is known. */
  private watch(
    { orderingKey, delivery }: ReceivedCallback,
    error: unknown,
    work: Promise<SyncOutcome>,
  ): void {
    if (error instanceof LateError) {
      this.database.suspect();
      withTimeout(work, STUCK_MS, () => error).then(
        () => this.database.wrote(),
        (failure: unknown) => delivery.isSent && this.database.failed(orderingKey, failure),
      );
    } else if (!(error instanceof TooManyCallbacksException)) {
      this.database.failed(orderingKey, error);
    }
  }

  /** @param failed the write that failed, or is late and may still succeed */
  private async append(
    { orderingKey, redactedBody, delivery }: ReceivedCallback,
    reason: unknown,
    failed?: Promise<SyncOutcome>,
  ): Promise<'journaled'> {
    const { id, arrivedAt, elapsedMs, command, operationID, body } = delivery;
    const now = this.clock.now();
    try {
      const entry = await this.journal.append(
        {
          id,
          asOf: now === undefined ? null : now - elapsedMs,
          receivedAt: arrivedAt,
          uptime: uptime() - elapsedMs,
          boot: BOOT,
          command,
          operationID,
          groupID: orderingKey,
          body: body ?? Buffer.from(redactedBody!),
        },
        this.database.condition === 'writable',
      );
      entry.mayBeWritten = failed !== undefined;
      delivery.isJournaled = true;
      this.replay.enqueue(entry, failed);
    } catch (error) {
      this.logger.error(`${command} of ${orderingKey} is not in the journal: ${(error as Error).message}`);
      this.replay.schedule(orderingKey); // others of the group may have waited for this one
      throw reason;
    }
    return 'journaled';
  }
}

/** Whether a callback fails for what it is, so that it fails again, and not for the state of PostgreSQL or of its group. */
const isOfTheCallback = (error: unknown): boolean =>
  isOfTheValues(error) ||
  !(
    isStatementError(error) ||
    error instanceof ConnectionError ||
    error instanceof LateError ||
    error instanceof TooManyCallbacksException
  );

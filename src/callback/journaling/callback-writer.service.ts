import { Injectable, Logger, ServiceUnavailableException } from '@nestjs/common';
import type { SyncOutcome } from '../../groups/group-change.js';
import { BOOT_ID, uptime } from '../../journal/boot.js';
import { JournalService } from '../../journal/journal.service.js';
import { DatabaseClock } from '../../postgres/database-clock.js';
import { DatabaseState } from '../../postgres/database-state.js';
import { ConnectionError, isOfTheValues, isStatementError } from '../../postgres/errors.js';
import { LARGE_BYTES } from '../parsing/body-budget.js';
import type { ReceivedCallback } from '../payloads/callback.js';
import { TooManyCallbacksException } from './callback-concurrency-limit.js';
import type { CallbackOutcome } from './callback-outcome.js';
import { JournalReplay } from './journal-replay.service.js';
import { withTimeout } from '../../waiting/with-timeout.js';

/** Time for PostgreSQL to write a callback before the journal takes it, in ms; and to write a large one. */
const TIMEOUT_MS = 1000;
const LARGE_TIMEOUT_MS = 2000;

/** Further time for a late write until it counts as failed, in ms. A wait for a lock has ended by then (`lock_timeout`, 3 s in all). */
const LATE_TIMEOUT_MS = 2000;

/** PostgreSQL has not written a callback in time. It may still write it. */
class LateWriteError extends Error {}

/** Puts a callback on disk: in PostgreSQL, or in the journal while PostgreSQL does not write it. */
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
   * Writes a callback to PostgreSQL, or appends it to the journal. Where callbacks with its ordering key wait in the journal, it is
   * appended behind them.
   * @param write writes it to PostgreSQL
   * @returns after the callback is on disk
   * @throws the error of `write` where the callback itself causes it, or where the journal cannot take the callback
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
    try {
      const outcome = await (this.journal.isOpen ? writtenWithin(work, timeoutOf(callback)) : work);
      this.database.wrote();
      return outcome;
    } catch (error) {
      if (isOfTheCallback(error)) {
        throw error;
      }
      this.report(callback, error, work);
      if (!this.journal.isOpen) {
        throw error;
      }
      return this.append(callback, error, delivery.mayBeWritten ? work : undefined).catch(() => work); // it may only be late
    }
  }

  /** Reports a failed write to `DatabaseState`, and a late write when it ends. */
  private report(
    { orderingKey, delivery }: ReceivedCallback,
    error: unknown,
    work: Promise<SyncOutcome>,
  ): void {
    if (error instanceof LateWriteError) {
      this.database.probeSoon();
      writtenWithin(work, LATE_TIMEOUT_MS).then(
        () => this.database.wrote(),
        (failure: unknown) => delivery.mayBeWritten && this.database.failed(orderingKey, failure),
      );
    } else if (!(error instanceof TooManyCallbacksException)) {
      this.database.failed(orderingKey, error);
    }
  }

  /**
   * @param reason the error to throw where the journal cannot take the callback
   * @param failed the write that failed, or is late and may still succeed; undefined: no statement was sent
   */
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
          boot: BOOT_ID,
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
      this.logger.error(
        { command, operationID, groupID: delivery.groupID, err: error },
        'Callback cannot be appended to the journal',
      );
      this.replay.schedule(orderingKey); // entries behind this one may wait for it
      throw reason;
    }
    return 'journaled';
  }
}

/** @throws LateWriteError at the timeout */
const writtenWithin = (work: Promise<SyncOutcome>, ms: number): Promise<SyncOutcome> =>
  withTimeout(work, ms, () => {
    throw new LateWriteError(`PostgreSQL did not write the callback within ${ms} ms`);
  });

const timeoutOf = ({ delivery }: ReceivedCallback): number =>
  (delivery.body?.length ?? 0) >= LARGE_BYTES ? LARGE_TIMEOUT_MS : TIMEOUT_MS;

/** Whether the callback itself causes an error, so that it fails again, and not the state of PostgreSQL or of the group. */
const isOfTheCallback = (error: unknown): boolean =>
  isOfTheValues(error) ||
  !(
    isStatementError(error) ||
    error instanceof ConnectionError ||
    error instanceof LateWriteError ||
    error instanceof TooManyCallbacksException
  );

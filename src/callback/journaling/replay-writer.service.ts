import { Injectable, Logger } from '@nestjs/common';
import { DeliveriesService } from '../../deliveries/deliveries.service.js';
import { Delivery } from '../../deliveries/delivery-log.js';
import { GroupSyncService } from '../../groups/group-sync.service.js';
import type { JournalEntry } from '../../journal/journal-entry.js';
import { JournalMetrics } from '../../journal/journal-metrics.js';
import { DamagedEntryError } from '../../journal/journal-segment.js';
import { JournalService } from '../../journal/journal.service.js';
import type { WaitingEntry } from '../../journal/journaled-groups.js';
import type { QuarantineReason } from '../../journal/quarantine.js';
import {
  ConnectionError,
  isDuplicateKey,
  isLockTimeout,
  isOfTheValues,
  isStatementError,
} from '../../postgres/errors.js';
import { CallbackParser } from '../parsing/callback-parser.service.js';
import { applyCallback, type ReceivedCallback } from '../payloads/callback.js';
import { keepsBody } from '../payloads/callback-commands.js';
import { groupIDOf } from '../parsing/ordering-key.js';

/** Attempts for an entry whose values PostgreSQL refuses; and for one that fails for a reason that may pass. */
const ATTEMPTS_OF_VALUES = 3;
const ATTEMPTS = 20;

/** An entry of the journal with its callback. */
interface ReplayedCallback {
  readonly waiting: WaitingEntry;
  readonly delivery: Delivery;
  /** Undefined: valid for the version that received it, not for this one. */
  readonly received?: ReceivedCallback;
}

/**
 * Writes entries of the journal to PostgreSQL, as of their arrival. The id of an entry is the primary key of its delivery in the log: an
 * entry that PostgreSQL wrote before a crash or a lost connection is not applied again.
 */
@Injectable()
export class ReplayWriter {
  private readonly logger = new Logger('Journal');

  constructor(
    private readonly journal: JournalService,
    private readonly metrics: JournalMetrics,
    private readonly parser: CallbackParser,
    private readonly groupSync: GroupSyncService,
    private readonly deliveries: DeliveriesService,
  ) {}

  /**
   * Writes entries of one ordering key in their order, in one transaction or else one by one, and removes them from the journal.
   * @param failures failures of the first entry so far
   * @throws the error of the first entry that needs a retry; the entries before it are written and removed
   */
  async write(entries: readonly WaitingEntry[], failures: number): Promise<void> {
    const callbacks = await this.read(await this.skipWritten(entries));
    if (failures === 0 && callbacks.length > 1 && (await this.writeTogether(callbacks))) {
      return;
    }
    let earlier = failures;
    for (const callback of callbacks) {
      await this.writeOne(callback, earlier);
      earlier = 0;
    }
  }

  /** Removes the entries that the log of deliveries has already. Later entries of the ordering key get a later as_of. */
  private async skipWritten(entries: readonly WaitingEntry[]): Promise<WaitingEntry[]> {
    const candidates = entries.filter(({ mayBeWritten }) => mayBeWritten).map(({ id }) => id);
    const receivedAt = await this.deliveries.receivedAt(candidates);
    const written = entries.filter(({ id }) => receivedAt.has(id));
    for (const { id, groupID: orderingKey } of written) {
      this.journal.groups.raise(orderingKey, receivedAt.get(id)!.getTime() + 1);
    }
    await this.remove(written);
    return entries.filter(({ id }) => !receivedAt.has(id));
  }

  private async read(entries: readonly WaitingEntry[]): Promise<ReplayedCallback[]> {
    const read = await Promise.all(
      entries.map(async (waiting) => {
        try {
          return await this.replayed(waiting, await this.journal.read(waiting));
        } catch (error) {
          if (!(error instanceof DamagedEntryError)) {
            throw error;
          }
          await this.quarantine(waiting, 'damaged', error.message);
          return undefined;
        }
      }),
    );
    return read.filter((callback) => callback !== undefined);
  }

  private async replayed(
    waiting: WaitingEntry,
    { command, operationID, groupID: orderingKey, id, body }: JournalEntry,
  ): Promise<ReplayedCallback> {
    const delivery = new Delivery(command, operationID, null, id);
    const parsed = await this.parser.parse(command, body);
    if (parsed.kind !== 'mirrored') {
      delivery.groupID = groupIDOf(orderingKey);
      delivery.body = keepsBody(command) ? body : null;
      return { waiting, delivery };
    }
    this.parser.describe(delivery, parsed, body);
    return { waiting, delivery, received: { ...parsed, delivery, receivedAt: new Date(waiting.asOf!) } };
  }

  /** @returns whether all are written; false: none is */
  private async writeTogether(callbacks: readonly ReplayedCallback[]): Promise<boolean> {
    if (callbacks.some(({ received }) => !received || received.groupID === '')) {
      return false; // a change of a user marks its groups in transactions of its own
    }
    try {
      await this.groupSync.transaction(async (groupSync) => {
        for (const { received } of callbacks) {
          await applyCallback(groupSync, received!);
        }
      });
    } catch (error) {
      callbacks.forEach(({ waiting }) => (waiting.mayBeWritten = true)); // the answer to COMMIT may be lost
      if (isStatementError(error) && !isLockTimeout(error)) {
        return false;
      }
      throw error;
    }
    await this.remove(callbacks.map(({ waiting }) => waiting));
    return true;
  }

  private async writeOne(callback: ReplayedCallback, failures: number): Promise<void> {
    const { waiting, delivery, received } = callback;
    try {
      if (received) {
        await applyCallback(this.groupSync, received);
      } else {
        const why = 'it was valid for the version that received it';
        await this.deliveries.log(delivery, 'rejected', why, new Date(waiting.asOf!));
      }
      await this.remove([waiting]);
    } catch (error) {
      waiting.mayBeWritten = true;
      if (isDuplicateKey(error, 'callback_deliveries')) {
        await this.skipWritten([waiting]);
      } else if (isOutOfAttempts(error, failures + 1)) {
        await this.logFailed(callback, error as Error);
      } else {
        throw error;
      }
    }
  }

  /** Logs an entry without attempts left as failed, with its body, and marks its group stale. Quarantines it where that is refused too. */
  private async logFailed({ waiting, delivery }: ReplayedCallback, error: Error): Promise<void> {
    const { command, operationID, groupID } = delivery;
    this.logger.error({ command, operationID, groupID, err: error }, 'Journal entry cannot be applied');
    try {
      await this.deliveries.log(delivery, 'failed', error.message, new Date(waiting.asOf!));
    } catch (problem) {
      if (!isOfTheValues(problem)) {
        throw problem;
      }
      if (!isDuplicateKey(problem, 'callback_deliveries')) {
        await this.quarantine(waiting, 'rejected', (problem as Error).message);
        return;
      } // an earlier process logged it, and ended before it removed the entry
    }
    if (groupID !== null) {
      await this.groupSync.markStaleAfterFailure(groupID, 'failed');
    }
    await this.remove([waiting]);
  }

  /** Moves an entry to quarantine, and marks its group stale: the change is lost. */
  private async quarantine(waiting: WaitingEntry, reason: QuarantineReason, why: string): Promise<void> {
    await this.journal.quarantine(waiting, reason, why);
    const groupID = groupIDOf(waiting.groupID);
    if (groupID !== null) {
      await this.groupSync.markStaleAfterFailure(groupID, 'failed').catch((error: unknown) => {
        this.logger.warn({ groupID, err: error }, 'Group cannot be marked stale');
      });
    }
  }

  private async remove(entries: readonly WaitingEntry[]): Promise<void> {
    this.metrics.countApplied(entries.length);
    await this.journal.remove(entries);
  }
}

/** Whether an entry gets no further attempt. Locks and refused connections count no attempts: they end. */
function isOutOfAttempts(error: unknown, attempts: number): boolean {
  const limit = isOfTheValues(error) ? ATTEMPTS_OF_VALUES : ATTEMPTS;
  return attempts >= limit && !isLockTimeout(error) && !(error instanceof ConnectionError && !error.isLost);
}

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
import { applyCallback, keepsBody, type ReceivedCallback } from '../payloads/callback-commands.js';
import { groupOf } from '../parsing/ordering-key.js';

/** How often a callback is tried that PostgreSQL refuses for its values; and for a reason that may pass. */
const ATTEMPTS_OF_VALUES = 3;
const ATTEMPTS = 20;

/** A callback of the journal as it is applied. */
interface ReplayedCallback {
  readonly waiting: WaitingEntry;
  readonly delivery: Delivery;
  /** Undefined: this version does not take it. */
  readonly received?: ReceivedCallback;
}

/**
 * Writes callbacks of the journal, true as of when they came. Each has the id of its delivery, which the log holds once: so one that
 * PostgreSQL wrote before it went away, or before a crash of ours, is not applied again.
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
   * Writes entries of one group in their order, and takes them out of the journal: together, or one by one where that fails.
   * @param failures how often the first of them failed before
   * @throws the error of the first that is to be tried again; those before it are written
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

  /** Takes out what the log has already; what follows in the group is not older than that. */
  private async skipWritten(entries: readonly WaitingEntry[]): Promise<WaitingEntry[]> {
    const asked = entries.filter(({ mayBeWritten }) => mayBeWritten).map(({ id }) => id);
    const moments = await this.deliveries.receivedAt(asked);
    const written = entries.filter(({ id }) => moments.has(id));
    for (const { id, groupID } of written) {
      this.journal.groups.raise(groupID, moments.get(id)!.getTime() + 1);
    }
    await this.remove(written);
    return entries.filter(({ id }) => !moments.has(id));
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
          await this.putAside(waiting, 'damaged', error.message);
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
      delivery.groupID = groupOf(orderingKey);
      delivery.body = keepsBody(command) ? body : null;
      return { waiting, delivery };
    }
    this.parser.describe(delivery, parsed, body);
    return { waiting, delivery, received: { ...parsed, delivery, receivedAt: new Date(waiting.asOf!) } };
  }

  /** @returns whether all are written; none is otherwise */
  private async writeTogether(callbacks: readonly ReplayedCallback[]): Promise<boolean> {
    if (callbacks.some(({ received }) => !received || received.groupID === '')) {
      return false; // the groups of a user are marked in transactions of their own
    }
    try {
      await this.groupSync.transaction(async (groupSync) => {
        for (const { received } of callbacks) {
          await applyCallback(groupSync, received!);
        }
      });
    } catch (error) {
      callbacks.forEach(({ waiting }) => (waiting.mayBeWritten = true)); // if only the answer to COMMIT was lost
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
      if (isDuplicateKey(error, 'callback_deliveries_pkey')) {
        await this.skipWritten([waiting]);
      } else if (isGivenUp(error, failures + 1)) {
        await this.giveUp(callback, error as Error);
      } else {
        throw error;
      }
    }
  }

  /** A callback that fails again and again is logged as failed, with its body, and its group marked; or kept aside where not even that can be. */
  private async giveUp({ waiting, delivery }: ReplayedCallback, error: Error): Promise<void> {
    const { command, operationID, groupID } = delivery;
    this.logger.error(
      `${command} of ${groupID}, operationID ${operationID}, cannot be applied: ${error.message}`,
    );
    try {
      await this.deliveries.log(delivery, 'failed', error.message, new Date(waiting.asOf!));
    } catch (problem) {
      if (!isOfTheValues(problem)) {
        throw problem;
      }
      if (!isDuplicateKey(problem, 'callback_deliveries_pkey')) {
        await this.putAside(waiting, 'rejected', (problem as Error).message);
        return;
      } // it was given up before, by a process that ended then
    }
    if (groupID !== null) {
      await this.groupSync.markStaleAfterFailure(groupID, 'failed');
    }
    await this.remove([waiting]);
  }

  /** What an entry changes is lost: its group is marked, if it is known. */
  private async putAside(waiting: WaitingEntry, reason: QuarantineReason, why: string): Promise<void> {
    await this.journal.quarantine(waiting, reason, why);
    const groupID = groupOf(waiting.groupID);
    if (groupID !== null) {
      await this.groupSync.markStaleAfterFailure(groupID, 'failed').catch((error: Error) => {
        this.logger.warn(`Group ${groupID} could not be marked: ${error.message}`);
      });
    }
  }

  private async remove(entries: readonly WaitingEntry[]): Promise<void> {
    this.metrics.countApplied(entries.length);
    await this.journal.remove(entries);
  }
}

/** A lock that is held, and PostgreSQL being away, have an end. */
function isGivenUp(error: unknown, attempts: number): boolean {
  const limit = isOfTheValues(error) ? ATTEMPTS_OF_VALUES : ATTEMPTS;
  return attempts >= limit && !isLockTimeout(error) && !(error instanceof ConnectionError && !error.isLost);
}

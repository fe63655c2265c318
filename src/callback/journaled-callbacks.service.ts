import { Injectable, Logger } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { DataSource } from 'typeorm';
import { isDatabaseUnavailable } from '../database-unavailable.js';
import { DeliveriesService } from '../deliveries/deliveries.service.js';
import { Delivery } from '../deliveries/delivery-log.js';
import { GroupSyncService } from '../groups/group-sync.service.js';
import type { JournalEntry } from '../journal/journal-file.js';
import { CallbackParser } from './callback-parser.service.js';
import { applyCallback } from './callback.commands.js';

/** How often a callback is tried that PostgreSQL could write, and does not. */
const ATTEMPTS = 3;

/**
 * Applies callbacks that waited in the journal, true as of when they came. Each has the id of its delivery, which the log holds once: so
 * one that PostgreSQL wrote before it went away, or before a crash of ours, is not applied again.
 */
@Injectable()
export class JournaledCallbacks {
  private readonly logger = new Logger('Journal');
  private attempts = 0;
  /** By how much PostgreSQL's clock is ahead of this machine's, in ms; undefined: not known since it was away. */
  private clockAhead?: number;

  constructor(
    private readonly parser: CallbackParser,
    private readonly groupSync: GroupSyncService,
    private readonly deliveries: DeliveriesService,
    @InjectDataSource() private readonly dataSource: DataSource,
  ) {}

  /** @returns whether it is written, or never can be; false: to be tried again */
  async apply(entry: JournalEntry): Promise<boolean> {
    const delivery = new Delivery(entry.command, entry.operationID, null, entry.id);
    delivery.groupID = entry.groupID;
    delivery.body = entry.body;
    try {
      await this.write(entry, delivery);
    } catch (error) {
      if (!isAppliedAlready(error) && !(await this.isHopeless(error as Error, delivery))) {
        return false;
      }
    }
    this.attempts = 0;
    return true;
  }

  private async write(entry: JournalEntry, delivery: Delivery): Promise<void> {
    this.clockAhead ??= await this.measureClock();
    const parsed = await this.parser.parse(entry.command, entry.body);
    if (parsed.kind !== 'mirrored') {
      await this.deliveries.log(delivery, 'refused', 'it was valid for the version that received it');
      return;
    }
    delivery.summary = parsed.summary;
    // Whole ms, and never before what was written just before PostgreSQL went away.
    const receivedAt = new Date(Math.ceil(entry.receivedAt + 1 + this.clockAhead));
    await applyCallback(this.groupSync, { ...parsed, delivery, receivedAt });
  }

  /** One that fails again and again, though PostgreSQL is there, must not keep all others waiting. */
  private async isHopeless(error: Error, delivery: Delivery): Promise<boolean> {
    this.clockAhead = undefined;
    if (isDatabaseUnavailable(error) || ++this.attempts < ATTEMPTS) {
      return false;
    }
    this.logger.error(
      `${delivery.command} of ${delivery.groupID}, operationID ${delivery.operationID}, cannot be applied: ${error.message}`,
    );
    try {
      await this.deliveries.log(delivery, 'failed', error.message);
      await this.groupSync.doubtGroup(delivery.groupID!, 'failed');
      return true;
    } catch {
      return false;
    }
  }

  private async measureClock(): Promise<number> {
    const before = Date.now();
    const [row] = await this.dataSource.query<{ now: Date }[]>('SELECT clock_timestamp() AS now');
    return row!.now.getTime() - before;
  }
}

/** Whether the log has the delivery already: unique_violation of its key. */
const isAppliedAlready = (error: unknown): boolean => {
  const { code, constraint } = error as { code?: string; constraint?: string };
  return code === '23505' && constraint === 'callback_deliveries_pkey';
};

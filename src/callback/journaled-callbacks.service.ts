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
const ATTEMPTS = 5;
/** query_canceled: the statement took longer than `statement_timeout`, and may do so again. */
const TOO_SLOW = '57014';
/** How long a measure of PostgreSQL's clock is good, in ms. */
const CLOCK_MS = 5000;
/** How long it is remembered of a group that a callback of it was written late, in ms: longer than others wait behind it. */
const LATE_MS = 600_000;

/**
 * Applies callbacks that waited in the journal, true as of when they came. Each has the id of its delivery, which the log holds once: so
 * one that PostgreSQL wrote before it went away, or before a crash of ours, is not applied again.
 */
@Injectable()
export class JournaledCallbacks {
  private readonly logger = new Logger('Journal');
  private attempts = 0;
  /** By how much PostgreSQL's clock is ahead of this machine's, in ms, and when that was measured. */
  private clock = { ahead: 0, measuredAt: -Infinity };
  /** Of groups of which PostgreSQL wrote a callback late by itself, and so as of later than it came: when that was found. */
  private readonly late = new Map<string, Date>();

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
      const receivedAt = await this.momentOf(entry);
      try {
        await this.write(delivery, receivedAt);
      } catch (error) {
        if (isAppliedAlready(error)) {
          this.late.set(entry.groupID, await this.now());
        } else if (!(await this.isGivenUp(error as Error, delivery, receivedAt))) {
          return false;
        }
      }
    } catch (error) {
      this.logger.debug(`${entry.command} of ${entry.groupID} is tried again: ${(error as Error).message}`);
      return false;
    }
    this.attempts = 0;
    return true;
  }

  private async write(delivery: Delivery, receivedAt: Date): Promise<void> {
    const parsed = await this.parser.parse(delivery.command, delivery.body!);
    if (parsed.kind !== 'mirrored') {
      await this.deliveries.log(
        delivery,
        'refused',
        'it was valid for the version that received it',
        receivedAt,
      );
      return;
    }
    delivery.summary = parsed.summary;
    await applyCallback(this.groupSync, { ...parsed, delivery, receivedAt });
  }

  /** One that fails again and again, though PostgreSQL is there, must not keep all others waiting. */
  private async isGivenUp(error: Error, delivery: Delivery, receivedAt: Date): Promise<boolean> {
    const isAway = isDatabaseUnavailable(error) && (error as { code?: string }).code !== TOO_SLOW;
    if (isAway || ++this.attempts < ATTEMPTS) {
      return false;
    }
    this.logger.error(
      `${delivery.command} of ${delivery.groupID}, operationID ${delivery.operationID}, cannot be applied: ${error.message}`,
    );
    try {
      await this.deliveries.log(delivery, 'failed', error.message, receivedAt);
    } catch (problem) {
      if (!isAppliedAlready(problem)) {
        throw problem;
      } // it was given up before, by a process that ended then
    }
    await this.groupSync.doubtGroup(delivery.groupID!, 'failed');
    return true;
  }

  /** When it came, by PostgreSQL's clock: in whole ms, and never before what it wrote until then. */
  private async momentOf({ receivedAt, groupID }: JournalEntry): Promise<Date> {
    const now = await this.now();
    const arrival = new Date(Math.ceil(receivedAt + 1 + this.clock.ahead));
    const late = this.late.get(groupID);
    for (const [group, since] of this.late) {
      if (now.getTime() - since.getTime() > LATE_MS) {
        this.late.delete(group);
      }
    }
    return late && late > arrival ? late : arrival;
  }

  /** By PostgreSQL's clock. */
  private async now(): Promise<Date> {
    const before = Date.now();
    if (before - this.clock.measuredAt > CLOCK_MS) {
      const [row] = await this.dataSource.query<{ now: Date }[]>('SELECT clock_timestamp() AS now');
      this.clock = { ahead: row!.now.getTime() - before, measuredAt: before };
    }
    return new Date(Date.now() + 1 + this.clock.ahead);
  }
}

/** Whether the log has the delivery already: unique_violation of its key. */
const isAppliedAlready = (error: unknown): boolean => {
  const { code, constraint } = error as { code?: string; constraint?: string };
  return code === '23505' && constraint === 'callback_deliveries_pkey';
};

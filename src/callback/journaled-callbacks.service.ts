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
/** How long a measure of PostgreSQL's clock is good, in ms; and of how many readings it is made. */
const CLOCK_MS = 600_000;
const CLOCK_SAMPLES = 9;
/** How long the moment of a group's last one is remembered, in ms: longer than others of the group wait behind it. */
const MOMENT_MS = 600_000;

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
  /** What the last one of each group was true as of: the next one is never older. */
  private readonly moments = new Map<string, Date>();

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
        this.remember(entry.groupID, receivedAt);
      } catch (error) {
        if (isAppliedAlready(error)) {
          // By itself, perhaps, when PostgreSQL was back, and so as of later than it came.
          this.remember(entry.groupID, new Date(await this.byItsClock(Date.now())));
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

  /** The latest is the last of the map. */
  private remember(groupID: string, moment: Date): void {
    this.moments.delete(groupID);
    this.moments.set(groupID, moment);
    for (const [group, earlier] of this.moments) {
      if (moment.getTime() - earlier.getTime() < MOMENT_MS) {
        break;
      }
      this.moments.delete(group);
    }
  }

  /** When it came, by PostgreSQL's clock; never before what was written just before, nor before the last one of its group. */
  private async momentOf({ receivedAt, groupID }: JournalEntry): Promise<Date> {
    const arrival = await this.byItsClock(receivedAt);
    const last = this.moments.get(groupID)?.getTime() ?? 0;
    return new Date(Math.max(arrival, last));
  }

  /** Of a moment by the clock of this machine, in whole ms: Date.now() is up to one behind. */
  private async byItsClock(ms: number): Promise<number> {
    if (Date.now() - this.clock.measuredAt > CLOCK_MS) {
      this.clock = { ahead: await this.measureClock(), measuredAt: Date.now() };
    }
    return Math.ceil(ms + 1 + this.clock.ahead);
  }

  /** Clocks that may be equal, as far as it can be measured, are: so replicas with one clock agree on the order of what came. */
  private async measureClock(): Promise<number> {
    let least = -Infinity;
    let most = Infinity;
    for (let sample = 0; sample < CLOCK_SAMPLES; sample += 1) {
      const before = Date.now();
      const [row] = await this.dataSource.query<{ ms: number }[]>(
        'SELECT (extract(epoch FROM clock_timestamp()) * 1000)::float8 AS ms',
      );
      least = Math.max(least, row!.ms - Date.now() - 1);
      most = Math.min(most, row!.ms - before);
    }
    return least <= 0 && most >= 0 ? 0 : (least + most) / 2;
  }
}

/** Whether the log has the delivery already: unique_violation of its key. */
const isAppliedAlready = (error: unknown): boolean => {
  const { code, constraint } = error as { code?: string; constraint?: string };
  return code === '23505' && constraint === 'callback_deliveries_pkey';
};

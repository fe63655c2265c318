import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { DataSource } from 'typeorm';
import type { DeliveryOutcome } from '../../deliveries/callback-delivery.entity.js';

/** Duration of a bucket, in ms, and the number of buckets of the history: 24 h. */
export const BUCKET_MS = 900_000;
export const BUCKETS = 96;
/** Time for which the count of the open bucket, and a failure, are not repeated, in ms. */
const OPEN_TTL_MS = 5000;
const FAILURE_TTL_MS = 60_000;
/** Time limit of a count, in ms. */
const COUNT_TIMEOUT_MS = 5000;

/** Numbers of callbacks by outcome. */
export type Outcomes = Partial<Record<DeliveryOutcome, number>>;

/** The callbacks of 15 minutes. */
export interface Bucket {
  /** Its start, in ms since 1970. */
  readonly start: number;
  readonly outcomes: Outcomes;
}

interface Count {
  bucket: number;
  outcome: DeliveryOutcome;
  callbacks: number;
}

/** Reads the index of the time only. */
const COUNTS = `
  SELECT floor(extract(epoch FROM received_at) * 1000 / ${BUCKET_MS})::integer AS bucket, outcome, count(*)::float8 AS callbacks
  FROM callback_deliveries WHERE received_at >= to_timestamp($1) AND received_at < to_timestamp($2) GROUP BY 1, 2`;

/** A count that is not repeated for a time. */
interface Kept {
  readonly counts: Promise<Count[]>;
  readonly from: number;
  until: number;
}

/** The callbacks of the last 24 h, by outcome and quarters of an hour. */
@Injectable()
export class CallbackHistory {
  private closed?: Kept;
  private open?: Kept;

  constructor(@InjectDataSource() private readonly dataSource: DataSource) {}

  /**
   * Reads the buckets, oldest first. Closed ones are counted once in 15 minutes, since a callback may come late from a journal; the open one is
   * at most 5 s old.
   * @throws the driver's error, also for a count that takes longer than 5 s
   */
  async read(): Promise<Bucket[]> {
    const now = Math.floor(Date.now() / BUCKET_MS);
    const first = now - BUCKETS + 1;
    this.closed = this.keep(this.closed, first, now, (now + 1) * BUCKET_MS);
    this.open = this.keep(this.open, now, now + 1, Date.now() + OPEN_TTL_MS);
    const counts = (await Promise.all([this.closed.counts, this.open.counts])).flat();
    return Array.from({ length: BUCKETS }, (_, index) => ({
      start: (first + index) * BUCKET_MS,
      outcomes: Object.fromEntries(
        counts
          .filter(({ bucket }) => bucket === first + index)
          .map(({ outcome, callbacks }) => [outcome, callbacks]),
      ),
    }));
  }

  /** Returns the kept count where it is still true; counts again otherwise. @param from a bucket, as `to`, exclusively */
  private keep(kept: Kept | undefined, from: number, to: number, until: number): Kept {
    if (kept && kept.from === from && kept.until > Date.now()) {
      return kept;
    }
    const counting: Kept = { counts: this.count(from, to), from, until };
    counting.counts.catch(() => (counting.until = Date.now() + FAILURE_TTL_MS));
    return counting;
  }

  private count(from: number, to: number): Promise<Count[]> {
    return this.dataSource.transaction(async (manager) => {
      await manager.query(`SET LOCAL statement_timeout = ${COUNT_TIMEOUT_MS}`);
      return manager.query<Count[]>(COUNTS, [(from * BUCKET_MS) / 1000, (to * BUCKET_MS) / 1000]);
    });
  }
}

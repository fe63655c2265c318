import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { DataSource } from 'typeorm';

/** Number of readings of one measurement; the fastest one is the most exact. */
const SAMPLES = 5;
/** Maximum difference of two measurements without a change of the clock, in ms. */
const NOISE_MS = 1000;

/** Yields a time not before the last row of the log: after PostgreSQL's clock was set back, later callbacks still count as later. */
const READ = `
  SELECT (extract(epoch FROM greatest(clock_timestamp(), (SELECT max(received_at) FROM callback_deliveries))) * 1000)::float8 AS ms`;

/**
 * PostgreSQL's clock, also while PostgreSQL is away: the last reading, plus the time since then by the monotonic clock of this machine. It never
 * goes back, whatever happens to the clocks of both machines.
 */
@Injectable()
export class DatabaseClock {
  /** PostgreSQL's clock minus `performance.now()`, in ms. */
  private offset?: number;
  private latest = 0;

  constructor(@InjectDataSource() private readonly dataSource: DataSource) {}

  /** Whether this process has read the clock. */
  get isSet(): boolean {
    return this.offset !== undefined;
  }

  /** Returns the time in ms since 1970: not before PostgreSQL's clock, and at most a round trip after it; undefined until it is set. */
  now(): number | undefined {
    if (this.offset === undefined) {
      return undefined;
    }
    this.latest = Math.max(this.latest, Math.ceil(performance.now() + this.offset));
    return this.latest;
  }

  /** Reads PostgreSQL's clock. @throws the driver's error */
  async set(): Promise<void> {
    let offset = Infinity;
    for (let sample = 0; sample < SAMPLES; sample += 1) {
      const before = performance.now();
      const [row] = await this.dataSource.query<[{ ms: number }]>(READ);
      offset = Math.min(offset, row.ms - before);
    }
    const wasSetBack = this.offset !== undefined && this.offset - offset > NOISE_MS;
    this.offset = wasSetBack ? this.offset : offset;
  }
}

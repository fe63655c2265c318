import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { DataSource } from 'typeorm';

/** Of how many readings one measure is made: the one that took least is nearest. */
const SAMPLES = 5;
/** By less than this two measures of one clock differ by themselves, in ms. */
const NOISE_MS = 1000;

/** The log too: where PostgreSQL's clock was set back, what is in the rows already stays earlier than what comes. */
const READ = `
  SELECT (extract(epoch FROM greatest(clock_timestamp(), (SELECT max(received_at) FROM callback_deliveries))) * 1000)::float8 AS ms`;

/**
 * PostgreSQL's clock, also while PostgreSQL is away: what it showed last, and the time since by this machine's monotonic clock. So it
 * never goes back, whatever is done to the clock of either machine.
 */
@Injectable()
export class DatabaseClock {
  /** By how much PostgreSQL's clock is ahead of `performance.now()`, in ms. */
  private offset?: number;
  private latest = 0;

  constructor(@InjectDataSource() private readonly dataSource: DataSource) {}

  /** Whether it was read since the process began. */
  get isSet(): boolean {
    return this.offset !== undefined;
  }

  /** Not before PostgreSQL's own, and at most a round trip after it, ms since 1970; undefined until it is set. */
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

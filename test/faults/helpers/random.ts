/** Seed of this run: the environment variable SEED, or a number from the clock. A run with the same seed draws the same numbers. */
export const SEED = Number(process.env['SEED'] || Date.now() % 1e9);
process.stdout.write(`SEED=${SEED}\n`);

/** A prime: distinct streams do not start at neighbouring states. */
const STREAM_STEP = 7919;

/** Pseudo-random numbers (mulberry32). */
export class Random {
  private constructor(private state: number) {}

  /** Returns one of the streams of pseudo-random numbers that the seed of this run determines. */
  static stream(number: number): Random {
    return new Random(SEED + number * STREAM_STEP);
  }

  /** Returns a number from 0 to 1, without 1. */
  next(): number {
    this.state = (this.state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(this.state ^ (this.state >>> 15), 1 | this.state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  }

  /** Returns an integer from 0 to `limit`, without `limit`. */
  below(limit: number): number {
    return Math.floor(this.next() * limit);
  }

  chance(probability: number): boolean {
    return this.next() < probability;
  }

  /** Returns one item of a list that is not empty. */
  pick<T>(list: readonly T[]): T {
    return list[this.below(list.length)]!;
  }
}

import { Injectable, ServiceUnavailableException } from '@nestjs/common';
import { Config } from '../../config/config.js';

/** Size from which a body is large, in bytes. A large body takes some ms of processor time, and much memory. */
export const LARGE_BYTES = 128 * 1024;

/** The bodies in flight would exceed `CALLBACK_IN_FLIGHT_LIMIT`. */
export class TooManyBytesException extends ServiceUnavailableException {
  constructor(limit: number) {
    super(
      `The callbacks that are being received and written have ${limit} bytes (CALLBACK_IN_FLIGHT_LIMIT); try again in a second`,
    );
  }
}

type Size = 'small' | 'large';

/**
 * Bounds the bytes of all bodies that are received, parsed and written at once. Small and large bodies have a limit each, so that large
 * ones never keep a small one out. One large body is admitted whatever the limit is.
 */
@Injectable()
export class BodyBudget {
  private readonly limit: number;
  private readonly taken: Record<Size, number> = { small: 0, large: 0 };

  constructor(config: Config) {
    this.limit = config.CALLBACK_IN_FLIGHT_LIMIT;
  }

  /** Makes the share of one body; it is empty. */
  open(): BodyShare {
    return new BodyShare(this);
  }

  /**
   * Changes the size of one share.
   * @param held bytes of the share before
   * @param needed bytes of the share afterwards; 0 gives all back
   * @throws TooManyBytesException over `CALLBACK_IN_FLIGHT_LIMIT`; the budget is unchanged then
   */
  change(held: number, needed: number): void {
    const [before, after] = [sizeOf(held), sizeOf(needed)];
    const others = this.taken[after] - (before === after ? held : 0);
    if (needed > held && others > 0 && others + needed > this.limit) {
      throw new TooManyBytesException(this.limit);
    }
    this.taken[before] -= held;
    this.taken[after] += needed;
  }
}

const sizeOf = (bytes: number): Size => (bytes < LARGE_BYTES ? 'small' : 'large');

/** Part of the budget that one body holds. */
export class BodyShare {
  private held = 0;

  constructor(private readonly budget: BodyBudget) {}

  /**
   * Grows the share to a number of bytes; a smaller number changes nothing.
   * @throws TooManyBytesException over `CALLBACK_IN_FLIGHT_LIMIT`
   */
  grow(bytes: number): void {
    if (bytes > this.held) {
      this.budget.change(this.held, bytes);
      this.held = bytes;
    }
  }

  /** Gives all bytes back. */
  release(): void {
    this.budget.change(this.held, 0);
    this.held = 0;
  }
}

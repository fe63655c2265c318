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
   * Resizes one share.
   * @param from its bytes so far
   * @param to its bytes from now on; 0 gives all back
   * @throws TooManyBytesException over `CALLBACK_IN_FLIGHT_LIMIT`; the budget is unchanged then
   */
  resize(from: number, to: number): void {
    const [before, after] = [sizeOf(from), sizeOf(to)];
    const others = this.taken[after] - (before === after ? from : 0);
    if (to > from && others > 0 && others + to > this.limit) {
      throw new TooManyBytesException(this.limit);
    }
    this.taken[before] -= from;
    this.taken[after] += to;
  }
}

const sizeOf = (bytes: number): Size => (bytes < LARGE_BYTES ? 'small' : 'large');

/** Part of the budget that one body takes. */
export class BodyShare {
  private bytes = 0;

  constructor(private readonly budget: BodyBudget) {}

  /**
   * Grows the share to a number of bytes; a smaller number changes nothing.
   * @throws TooManyBytesException over `CALLBACK_IN_FLIGHT_LIMIT`
   */
  grow(bytes: number): void {
    if (bytes > this.bytes) {
      this.budget.resize(this.bytes, bytes);
      this.bytes = bytes;
    }
  }

  /** Gives all bytes back. */
  release(): void {
    this.budget.resize(this.bytes, 0);
    this.bytes = 0;
  }
}

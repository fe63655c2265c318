import { Injectable, ServiceUnavailableException } from '@nestjs/common';
import { Config } from '../../config/config.js';

/** Bodies from this size on are large: some ms of work, and some of them at once are much memory. */
export const LARGE_BYTES = 128 * 1024;

/** More bytes of bodies are in flight than may be. */
export class TooManyBytesException extends ServiceUnavailableException {
  constructor(limit: number) {
    super(
      `The callbacks that are being received and written have ${limit} bytes (CALLBACK_IN_FLIGHT_LIMIT); try again in a second`,
    );
  }
}

type Size = 'small' | 'large';

/**
 * Bounds the bytes of all bodies that are being received, read and written at once. Small and large bodies are counted apart, so that no
 * number of large ones keeps a small one out; and one large body is let in always, whatever the limits are.
 */
@Injectable()
export class BodyBudget {
  private readonly limit: number;
  private readonly taken: Record<Size, number> = { small: 0, large: 0 };

  constructor(config: Config) {
    this.limit = config.CALLBACK_IN_FLIGHT_LIMIT;
  }

  /** Begins to count a body. */
  open(): BodyShare {
    return new BodyShare(this);
  }

  /**
   * Counts a body that has grown.
   * @param held bytes that were counted for it so far
   * @param needed bytes from now on; 0: it is no more in flight
   * @throws TooManyBytesException where the bodies in flight would have more than `CALLBACK_IN_FLIGHT_LIMIT`; nothing has changed then
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

/** What one body takes of the budget. */
export class BodyShare {
  private held = 0;

  constructor(private readonly budget: BodyBudget) {}

  /**
   * Takes room for so many bytes in all.
   * @throws TooManyBytesException where there is none
   */
  grow(bytes: number): void {
    if (bytes > this.held) {
      this.budget.change(this.held, bytes);
      this.held = bytes;
    }
  }

  /** Gives all room back: the body is in flight no more. */
  release(): void {
    this.budget.change(this.held, 0);
    this.held = 0;
  }
}

import { Injectable, ServiceUnavailableException } from '@nestjs/common';
import { Config } from '../../config/config.js';

/** Callbacks in progress for each connection of the pool: PostgreSQL writes about as many in a second. */
const PER_CONNECTION = 100;

/** More callbacks are in progress than PostgreSQL can write in time. */
export class TooManyCallbacksException extends ServiceUnavailableException {}

/** Bounds the callbacks that are written, or wait for a connection, at once. Without a bound, overload would delay all of them. */
@Injectable()
export class CallbackConcurrencyLimit {
  private readonly limit: number;
  private running = 0;

  constructor(config: Config) {
    this.limit = config.DATABASE_POOL_SIZE * PER_CONNECTION;
  }

  /**
   * Runs a write.
   * @throws TooManyCallbacksException at the limit, before the write begins; what the write throws
   */
  async run<T>(write: () => Promise<T>): Promise<T> {
    if (this.running >= this.limit) {
      throw new TooManyCallbacksException(`More than ${this.limit} callbacks came at once`);
    }
    this.running += 1;
    try {
      return await write();
    } finally {
      this.running -= 1;
    }
  }
}

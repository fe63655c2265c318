import { Injectable, ServiceUnavailableException } from '@nestjs/common';
import { Config } from '../../config/config.js';

/** How many callbacks may wait for each connection: what PostgreSQL does in about a second. */
const PER_CONNECTION = 100;

/** More callbacks are being written than can be in time. */
export class TooManyCallbacksException extends ServiceUnavailableException {}

/** Bounds how many callbacks are written, or wait to be, at once: past that all of them would be late. */
@Injectable()
export class CallbackConcurrencyLimit {
  private readonly limit: number;
  private inside = 0;

  constructor(config: Config) {
    this.limit = config.DATABASE_POOL_SIZE * PER_CONNECTION;
  }

  /** @throws TooManyCallbacksException at once, where there are too many */
  async run<T>(write: () => Promise<T>): Promise<T> {
    if (this.inside >= this.limit) {
      throw new TooManyCallbacksException(`More than ${this.limit} callbacks came at once`);
    }
    this.inside += 1;
    try {
      return await write();
    } finally {
      this.inside -= 1;
    }
  }
}

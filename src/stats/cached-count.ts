import { isDatabaseUnavailable } from '../postgres/errors.js';
import { withTimeout } from '../waiting/with-timeout.js';

/** Time for which a count is not repeated, in ms. A count of a million groups takes about 100 ms. */
const TTL_MS = 5000;
/** Time for which a reader waits for a count, in ms. */
const TIMEOUT_MS = 3000;

/** A count by PostgreSQL that is kept for 5 s. */
export class CachedCount<T> {
  private latest?: { value: Promise<T>; until: number };

  constructor(private readonly count: () => Promise<T>) {}

  /**
   * Reads the count, at most 5 s old. A count that takes longer than a reader waits goes on for later readers.
   * @returns null where PostgreSQL cannot be reached, or does not count within 3 s
   * @throws the driver's error
   */
  async read(): Promise<T | null> {
    if (!this.latest || this.latest.until < Date.now()) {
      const latest = { value: this.count(), until: Infinity };
      this.latest = latest;
      latest.value.then(
        () => (latest.until = Date.now() + TTL_MS),
        () => (this.latest = undefined),
      );
    }
    const value = this.latest.value.catch((error: unknown) => {
      if (isDatabaseUnavailable(error)) {
        return null;
      }
      throw error;
    });
    return withTimeout(value, TIMEOUT_MS, () => null);
  }
}

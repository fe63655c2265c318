import { setTimeout as sleep } from 'node:timers/promises';
import { isDatabaseUnavailable } from '../postgres/errors.js';

/** How long a figure is given again, in ms: it is for people and dashboards, and counting a million groups takes a part of a second. */
const FRESH_MS = 5000;
/** How long a reader waits for it, in ms. */
const PATIENCE_MS = 3000;

/** Something that PostgreSQL counts, by itself: a count that is slow keeps no other one from being read. */
export class Figure<T> {
  private latest?: { value: Promise<T>; until: number };

  constructor(private readonly count: () => Promise<T>) {}

  /**
   * The figure, at most 5 s old. A count that takes longer than its readers wait goes on, and is there for later ones.
   * @returns null where PostgreSQL cannot be reached, or does not count it within 3 s
   */
  async read(): Promise<T | null> {
    if (!this.latest || this.latest.until < Date.now()) {
      const latest = { value: this.count(), until: Infinity };
      this.latest = latest;
      latest.value.then(
        () => (latest.until = Date.now() + FRESH_MS),
        () => (this.latest = undefined),
      );
    }
    const value = this.latest.value.catch((error: unknown) => {
      if (isDatabaseUnavailable(error)) {
        return null;
      }
      throw error;
    });
    return Promise.race([value, sleep(PATIENCE_MS, null, { ref: false })]);
  }
}

import { withTimeout } from '../../waiting/with-timeout.js';

/** Time for which a page waits for a part, in ms. The work goes on, and the next page has its result. */
const TIMEOUT_MS = 100;
/** Age up to which the last value of a part is shown in place of a late one, in ms. */
const KEPT_MS = 60_000;

/** A part of a page that may be late. */
export class PagePart<T> {
  private last?: { readonly value: T | null; readonly readAt: number };

  constructor(private readonly source: () => Promise<T | null>) {}

  /** Reads the part. @returns where it takes longer than 100 ms, the last value of the last minute; null where that is missing or it fails */
  read(): Promise<T | null> {
    const reading = this.source().then(
      (value) => {
        this.last = { value, readAt: Date.now() };
        return value;
      },
      () => null,
    );
    return withTimeout(reading, TIMEOUT_MS, () =>
      this.last && this.last.readAt > Date.now() - KEPT_MS ? this.last.value : null,
    );
  }
}

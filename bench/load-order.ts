import type { Kind } from './bodies.js';

/** What a process that makes load is asked for: so many requests, or for so many seconds, whichever ends first. */
export interface LoadOrder {
  readonly kind: Kind;
  /** How many members a new group has. */
  readonly members: number;
  /** The number of the first body. */
  readonly first: number;
  /** How many are under way at once, each on a connection of its own. */
  readonly concurrency: number;
  readonly seconds?: number;
  readonly requests?: number;
}

/** What it tells then. */
export interface LoadResult {
  /** How many were answered; all of them rightly, or the order fails. */
  readonly done: number;
  /** From the first request to the last answer. */
  readonly seconds: number;
  /** From request to answer, in the order of the answers. */
  readonly latenciesMs: number[];
}

/**
 * Runs an order: as many at once as it says, one after another each.
 * @param one does one request, and says how many ms it took
 */
export async function runOrder(
  { first, concurrency, seconds = Infinity, requests = Infinity }: Omit<LoadOrder, 'kind' | 'members'>,
  one: (number: number, connection: number) => Promise<number>,
): Promise<LoadResult> {
  const latenciesMs: number[] = [];
  const start = performance.now();
  const end = start + seconds * 1000;
  let next = first;
  const connection = async (index: number): Promise<void> => {
    while (next < first + requests && performance.now() < end) {
      latenciesMs.push(await one(next++, index));
    }
  };
  await Promise.all(Array.from({ length: concurrency }, (_, index) => connection(index)));
  return { done: latenciesMs.length, seconds: (performance.now() - start) / 1000, latenciesMs };
}

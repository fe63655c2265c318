import type { Kind } from './bodies.js';

/** Order for a load process. The load ends after `requests` requests or `seconds` seconds, whichever comes first. */
export interface LoadOrder {
  readonly kind: Kind;
  /** Number of members of a new group. */
  readonly members: number;
  /** Number of the first body. */
  readonly first: number;
  /** Number of requests in flight, each on its own connection. */
  readonly concurrency: number;
  readonly seconds?: number;
  readonly requests?: number;
}

/** Result of a load process. */
export interface LoadResult {
  /** Number of successful answers. One failed answer fails the whole order. */
  readonly done: number;
  /** Time from the first request to the last answer. */
  readonly seconds: number;
  /** Time from request to answer, in the order of the answers. */
  readonly latenciesMs: number[];
}

/**
 * Runs an order on `concurrency` connections. Each connection sends one request after another.
 * @param one sends one request and returns its duration in ms
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

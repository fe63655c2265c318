import type { Child } from './child.js';
import type { Kind } from './bodies.js';
import type { HttpLoadOrder } from './load.js';
import type { LoadOrder, LoadResult } from './load-order.js';

/** Sends an order to a contender. */
export type Send = (order: LoadOrder) => Promise<LoadResult>;

/** One of the compared servers, with its own database. */
export class Contender {
  /** Number of the next body of each kind. No body is sent twice. */
  readonly next: Record<Kind, number> = { create: 0, kick: 0, setGroupInfo: 0 };

  constructor(
    readonly database: string,
    private readonly run: Send,
  ) {}

  /** Runs an order with bodies that were not sent yet. */
  async send(order: Omit<LoadOrder, 'first'>): Promise<LoadResult> {
    const result = await this.run({ ...order, first: this.next[order.kind] });
    this.next[order.kind] += result.done;
    return result;
  }
}

/**
 * Returns how orders reach a contender over HTTP.
 * @param load the load process
 */
export const overHttp =
  (load: Child, url: string, token = ''): Send =>
  (order) =>
    load.ask<LoadResult>({ ...order, url, token } satisfies HttpLoadOrder);

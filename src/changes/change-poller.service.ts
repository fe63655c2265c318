import { setTimeout as sleep } from 'node:timers/promises';
import { Injectable, type BeforeApplicationShutdown } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { DataSource } from 'typeorm';
import { pause } from '../waiting/poll.js';
import { ChangeSignal } from './change-signal.js';
import { HORIZON } from './feed-order.js';

/** Interval of the queries for changes of other replicas, in ms. */
const POLL_MS = 500;
/** The same after a commit of this process, and while a transaction in progress hides changes. Two queries are never closer. */
const SOON_MS = 50;

/** The last visible change, and whether a transaction in progress hides later ones. */
const HEAD = `
  SELECT (SELECT json_build_array(position::text, group_id, revision::text) FROM group_changes
      WHERE position < horizon ORDER BY position DESC, group_id DESC, revision DESC LIMIT 1)::text AS last,
    EXISTS (SELECT FROM group_changes WHERE position >= horizon) AS "isHidden"
  FROM (SELECT ${HORIZON} AS horizon FROM change_feed) AS feed`;

/** Looks for changes while somebody waits: one query for all who wait. */
@Injectable()
export class ChangePoller implements BeforeApplicationShutdown {
  /** Counts how often new changes were found. */
  generation = 0;
  private readonly waiting = new Set<() => void>();
  private readonly ended = new AbortController();
  private last: string | null | undefined;
  private isPolling = false;
  /** Aborted by the next commit of this process. */
  private commit = new AbortController();

  constructor(
    @InjectDataSource() private readonly dataSource: DataSource,
    signal: ChangeSignal,
  ) {
    // A further abort would create an exception for each callback.
    signal.subscribe(() => this.commit.signal.aborted || this.commit.abort());
  }

  /** Ends every wait: a stop of the service does not wait for clients. */
  beforeApplicationShutdown(): void {
    this.ended.abort();
    this.wake();
  }

  get isEnded(): boolean {
    return this.ended.signal.aborted;
  }

  /**
   * Waits for changes that were found after a generation.
   * @param generation the value of `generation` before the caller read the feed
   * @param ms the longest wait
   */
  async next(generation: number, ms: number, signal: AbortSignal): Promise<void> {
    if (this.generation !== generation || this.isEnded || signal.aborted) {
      return;
    }
    await new Promise<void>((resolve) => {
      const end = (): void => {
        clearTimeout(timer);
        signal.removeEventListener('abort', end);
        this.waiting.delete(end);
        resolve();
      };
      const timer = setTimeout(end, ms);
      signal.addEventListener('abort', end);
      this.waiting.add(end);
      void this.poll();
    });
  }

  private wake(): void {
    this.generation += 1;
    [...this.waiting].forEach((end) => end());
  }

  private async poll(): Promise<void> {
    if (this.isPolling) {
      return;
    }
    this.isPolling = true;
    while (this.waiting.size > 0 && !this.isEnded) {
      this.commit = new AbortController();
      const isHidden = await this.look().catch(() => false); // PostgreSQL is away: those who wait find out by their own query
      await this.pause(isHidden ? SOON_MS : POLL_MS);
    }
    this.isPolling = false;
  }

  /** @returns whether a transaction in progress hides changes */
  private async look(): Promise<boolean> {
    const [{ last, isHidden }] =
      await this.dataSource.query<[{ last: string | null; isHidden: boolean }]>(HEAD);
    if (last !== this.last) {
      this.last = last;
      this.wake();
    }
    return isHidden;
  }

  /** Pauses for a time, or until just after a commit of this process. */
  private async pause(ms: number): Promise<void> {
    await sleep(SOON_MS);
    await pause(ms - SOON_MS, AbortSignal.any([this.commit.signal, this.ended.signal]));
  }
}

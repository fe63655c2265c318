import { setTimeout as sleep } from 'node:timers/promises';
import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { DataSource } from 'typeorm';
import { STALE } from '../../groups/statements/stale.js';
import { MISSED } from './missed-callbacks.js';
import { ReconciliationMetrics } from './reconciliation-metrics.js';

/** How often it is counted, in ms. */
const POLL_MS = 10_000;
/** How long after a difference was found its callbacks are held for lost, in s: until then OpenIM may deliver them, and we log them. */
const LOST_AFTER_S = 30;

/** Repairs found since $1, and long enough ago; from now on where that is null. */
const COUNT = `
  WITH moment AS (SELECT clock_timestamp() - interval '${LOST_AFTER_S} seconds' AS until)
  SELECT until::text,
    (SELECT coalesce(sum(${MISSED}), 0)::float8 FROM group_drifts r
      WHERE found_at > coalesce($1, until) AND found_at <= until) AS missed,
    ((SELECT count(*) FROM groups WHERE stale_since IS NOT NULL AND stale_reason <> '${STALE.absent}')
      + (SELECT count(*) FROM groups WHERE verified_at IS NULL AND stale_since IS NULL))::float8 AS waiting
  FROM moment`;

interface Counted {
  /** To the µs, which a Date does not hold. */
  until: string;
  missed: number;
  waiting: number;
}

/** Counts for the metrics what only the tables tell: not when they are read, since PostgreSQL may be away then. */
@Injectable()
export class ReconciliationWatch {
  constructor(
    @InjectDataSource() private readonly dataSource: DataSource,
    private readonly metrics: ReconciliationMetrics,
  ) {}

  /** Counts until the signal says no more. What PostgreSQL does not answer is counted the next time. */
  async watch(signal: AbortSignal): Promise<void> {
    let since: string | null = null;
    while (!signal.aborted) {
      since = await this.count(since).catch(() => since);
      await sleep(POLL_MS, undefined, { signal }).catch(() => undefined);
    }
  }

  /** @returns until when it is counted */
  private async count(since: string | null): Promise<string> {
    const [{ until, missed, waiting }] = await this.dataSource.query<[Counted]>(COUNT, [since]);
    this.metrics.missed(missed);
    this.metrics.waiting(waiting);
    return until;
  }
}

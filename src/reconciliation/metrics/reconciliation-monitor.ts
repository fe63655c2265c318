import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { DataSource } from 'typeorm';
import { DRIFT_ROWS } from '../../changes/drift.js';
import { STALE } from '../../groups/statements/stale.js';
import { poll } from '../../waiting/poll.js';
import { HooksMonitor } from '../../hooks/hooks-monitor.js';
import { MISSED_CALLBACKS } from '../../hooks/missed-callbacks.js';
import { ReconciliationMetrics } from './reconciliation-metrics.js';

/** Interval of the counts, in ms. */
const POLL_MS = 10_000;
/** Time after which the callbacks of a drift count as lost, in s: until then OpenIM may deliver them. */
const LOST_AFTER_S = 30;

/** Counts the callbacks lost for drift that was found since $1 (null: none), and the groups that need reconciling. */
const COUNT = `
  WITH period AS (SELECT clock_timestamp() - interval '${LOST_AFTER_S} seconds' AS until)
  SELECT until::text,
    (SELECT coalesce(sum(${MISSED_CALLBACKS}), 0)::float8 FROM ${DRIFT_ROWS}
      WHERE found_at > coalesce($1, until) AND found_at <= until) AS missed,
    ((SELECT count(*) FROM groups WHERE stale_since IS NOT NULL AND stale_reason <> '${STALE.absent}')
      + (SELECT count(*) FROM groups WHERE verified_at IS NULL AND stale_since IS NULL))::float8 AS waiting
  FROM period`;

interface Counts {
  /** To the µs, which a Date does not hold. */
  until: string;
  missed: number;
  waiting: number;
}

/** Sets the metrics that need a query, on a timer: PostgreSQL may be unreachable while Prometheus reads them. */
@Injectable()
export class ReconciliationMonitor {
  constructor(
    @InjectDataSource() private readonly dataSource: DataSource,
    private readonly metrics: ReconciliationMetrics,
    private readonly hooks: HooksMonitor,
  ) {}

  /** Counts every 10 s until the signal is aborted. The next count covers the time of one that PostgreSQL did not answer. */
  async run(signal: AbortSignal): Promise<void> {
    let since: string | null = null;
    const counting = poll(POLL_MS, signal, async () => {
      since = await this.count(since).catch(() => since);
    });
    await Promise.all([counting, this.hooks.run(signal)]);
  }

  /** @returns the end of the period that the count covers */
  private async count(since: string | null): Promise<string> {
    const [{ until, missed, waiting }] = await this.dataSource.query<[Counts]>(COUNT, [since]);
    this.metrics.missed(missed);
    this.metrics.waiting(waiting);
    return until;
  }
}

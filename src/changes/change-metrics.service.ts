import { Injectable, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { Gauge } from 'prom-client';
import { DataSource } from 'typeorm';
import { MetricsService } from '../metrics/metrics.service.js';
import { poll } from '../waiting/poll.js';
import { HORIZON } from './feed-order.js';

/** Interval of the measurements, in ms. */
const POLL_MS = 10_000;

const LAG = `
  SELECT coalesce(extract(epoch FROM clock_timestamp() - min(recorded_at)), 0)::float8 AS seconds
  FROM group_changes WHERE position >= (SELECT ${HORIZON} FROM change_feed)`;

/** Measures how far the feed lags behind the rows. */
@Injectable()
export class ChangeMetrics implements OnApplicationBootstrap, OnApplicationShutdown {
  private readonly ended = new AbortController();
  private readonly lag: Gauge;

  constructor(
    @InjectDataSource() private readonly dataSource: DataSource,
    { registry }: MetricsService,
  ) {
    this.lag = new Gauge({
      name: 'openim_change_feed_lag_seconds',
      help: 'Age of the oldest change that the feed does not show yet, since a transaction before it is in progress',
      registers: [registry],
    });
  }

  onApplicationBootstrap(): void {
    void poll(POLL_MS, this.ended.signal, () => this.measure());
  }

  onApplicationShutdown(): void {
    this.ended.abort();
  }

  /** Keeps the last value while PostgreSQL is away. */
  private async measure(): Promise<void> {
    if (this.dataSource.isInitialized) {
      const [row] = await this.dataSource.query<{ seconds: number }[]>(LAG).catch(() => []);
      if (row) {
        this.lag.set(row.seconds);
      }
    }
  }
}

import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { Gauge } from 'prom-client';
import { DataSource } from 'typeorm';
import { Config } from '../config.js';
import { MetricsService } from '../metrics/metrics.service.js';
import { poolOf } from '../pool.js';

const NO_POOL = { idleCount: 0, totalCount: 0, waitingCount: 0 };

/** What is measured of the pool of connections to PostgreSQL. Asks PostgreSQL nothing: it may be away. */
@Injectable()
export class DatabaseMetrics {
  constructor(@InjectDataSource() dataSource: DataSource, config: Config, { registry }: MetricsService) {
    const size = new Gauge({
      name: 'openim_database_pool_size',
      help: 'Connections to PostgreSQL that this process opens at most',
      registers: [registry],
    });
    size.set(config.DATABASE_POOL_SIZE);
    const connections = new Gauge({
      name: 'openim_database_pool_connections',
      help: 'Connections to PostgreSQL that are idle and busy, and (waiting) statements that wait for one',
      labelNames: ['state'],
      registers: [registry],
      collect: () => {
        const { idleCount, totalCount, waitingCount } = poolOf(dataSource) ?? NO_POOL;
        connections.set({ state: 'idle' }, idleCount);
        connections.set({ state: 'busy' }, totalCount - idleCount);
        connections.set({ state: 'waiting' }, waitingCount);
      },
    });
  }
}

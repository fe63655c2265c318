import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { Gauge, type Registry } from 'prom-client';
import { DataSource } from 'typeorm';
import { Config } from '../config/config.js';
import { MetricsService } from '../metrics/metrics.service.js';
import { DatabaseState } from '../postgres/database-state.js';
import { poolOf } from '../postgres/pool.js';

const NO_POOL = { idleCount: 0, totalCount: 0, waitingCount: 0 };

/** Metrics of PostgreSQL and of the pool. They send no statement: PostgreSQL may be away. */
@Injectable()
export class DatabaseMetrics {
  constructor(
    @InjectDataSource() dataSource: DataSource,
    config: Config,
    state: DatabaseState,
    { registry }: MetricsService,
  ) {
    gauge(registry, 'reachable', '1 while PostgreSQL can be reached; 0: callbacks go to the journal', () =>
      Number(state.condition !== 'away'),
    );
    gauge(
      registry,
      'writable',
      '1 while PostgreSQL accepts writes; 0: no write succeeds, and callbacks go to the journal',
      () => Number(state.condition === 'writable'),
    );
    gauge(
      registry,
      'pool_size',
      'Maximum number of connections of this process (DATABASE_POOL_SIZE)',
      () => config.DATABASE_POOL_SIZE,
    );
    const connections = new Gauge({
      name: 'openim_database_pool_connections',
      help: 'Idle and busy connections, and statements that wait for a connection (waiting)',
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

function gauge(registry: Registry, name: string, help: string, read: () => number): Gauge {
  return new Gauge({
    name: `openim_database_${name}`,
    help,
    registers: [registry],
    collect() {
      this.set(read());
    },
  });
}

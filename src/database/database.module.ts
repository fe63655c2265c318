import { type DynamicModule, Module } from '@nestjs/common';
import { TypeOrmModule, type TypeOrmModuleOptions } from '@nestjs/typeorm';
import type { DataSourceOptions } from 'typeorm';
import { MetricsModule } from '../metrics/metrics.module.js';
import { DatabaseMetrics } from './database-metrics.js';
import { DatabaseService } from './database.service.js';
import { DatabaseLogger } from './typeorm-logger.js';

/**
 * How the connections of the service differ from those of migrations. PostgreSQL cancels a statement after 30 s: a group of
 * 100,000 members takes a few on a slow disk, and a reply that came too late loses nothing. Nobody waits longer than 10 s for a lock that
 * somebody else holds. Without an answer of any kind for 35 s the connection is given up. 32 MB hold
 * the list of 100,000 members, which would go to disk otherwise. REPEATABLE READ is what `GroupSyncService` builds on.
 */
export const SESSION = {
  options:
    '-c statement_timeout=30s -c lock_timeout=10s -c work_mem=32MB -c default_transaction_isolation=repeatable\\ read',
  query_timeout: 35_000,
  keepAlive: true,
};

/** The connection to PostgreSQL, opened by `DatabaseService` and not while Nest starts: the service must answer before. */
@Module({})
export class DatabaseModule {
  /** @param poolSize connections at most */
  static forRoot(options: DataSourceOptions, poolSize: number): DynamicModule {
    return {
      module: DatabaseModule,
      global: true,
      imports: [
        TypeOrmModule.forRoot({
          ...options,
          poolSize,
          extra: SESSION,
          logger: new DatabaseLogger(),
          manualInitialization: true,
        } as TypeOrmModuleOptions),
        MetricsModule,
      ],
      providers: [DatabaseMetrics, DatabaseService],
      exports: [DatabaseService],
    };
  }
}

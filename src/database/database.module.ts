import { type DynamicModule, Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import type { Config } from '../config/config.js';
import { MetricsModule } from '../metrics/metrics.module.js';
import { DatabaseClock } from '../postgres/database-clock.js';
import { DatabaseState } from '../postgres/database-state.js';
import { poolOptions } from '../postgres/pool.js';
import { DatabaseMetrics } from './database-metrics.js';
import { DatabaseService } from './database.service.js';
import { MIGRATION_OPTIONS, type MigrationOptions } from './migration-options.js';
import { sessionSettings } from './session-settings.js';
import { DatabaseLogger } from './typeorm-logger.js';

/** The connection to PostgreSQL. `DatabaseService` opens it after Nest has started, so that the service answers at once. */
@Module({})
export class DatabaseModule {
  /** @param options TypeORM's options of the migrations */
  static forRoot(options: MigrationOptions, config: Config): DynamicModule {
    return {
      module: DatabaseModule,
      global: true,
      imports: [
        TypeOrmModule.forRoot({
          ...options,
          poolSize: config.DATABASE_POOL_SIZE,
          extra: poolOptions(options.extra, sessionSettings(config)),
          logger: new DatabaseLogger(),
          manualInitialization: true,
        }),
        MetricsModule,
      ],
      providers: [
        DatabaseClock,
        DatabaseState,
        DatabaseMetrics,
        DatabaseService,
        { provide: MIGRATION_OPTIONS, useValue: options },
      ],
      exports: [DatabaseClock, DatabaseState, DatabaseService],
    };
  }
}

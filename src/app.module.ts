import { type DynamicModule, Global, Module } from '@nestjs/common';
import { APP_FILTER } from '@nestjs/core';
import { CallbackModule } from './callback/callback.module.js';
import { Config } from './config/config.js';
import { dataSourceOptions } from './data-source-options.js';
import { DatabaseModule } from './database/database.module.js';
import { DeliveriesModule } from './deliveries/deliveries.module.js';
import { ExceptionsFilter } from './server/exceptions.filter.js';
import { GroupsModule } from './groups/groups.module.js';
import { HealthModule } from './health/health.module.js';
import { MetricsModule } from './metrics/metrics.module.js';
import { ReconcilerModule } from './reconciliation/reconciler.module.js';
import { StatsModule } from './stats/stats.module.js';

/** The service. Its configuration is global. */
@Global()
@Module({})
export class AppModule {
  /** @param databaseUrl `DATABASE_URL`, or the url of the embedded PostgreSQL */
  static forRoot(config: Config, databaseUrl: string): DynamicModule {
    return {
      module: AppModule,
      imports: [
        DatabaseModule.forRoot(dataSourceOptions(databaseUrl, config.DATABASE_SCHEMA), config),
        CallbackModule,
        GroupsModule,
        DeliveriesModule,
        StatsModule,
        ReconcilerModule,
        HealthModule,
        MetricsModule,
      ],
      providers: [
        { provide: Config, useValue: config },
        { provide: APP_FILTER, useClass: ExceptionsFilter },
      ],
      exports: [Config],
    };
  }
}

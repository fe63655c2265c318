import { type DynamicModule, Module } from '@nestjs/common';
import { APP_FILTER } from '@nestjs/core';
import { CallbackModule } from './callback/callback.module.js';
import { ChangesModule } from './changes/changes.module.js';
import type { Config } from './config/config.js';
import { ConfigModule } from './config/config.module.js';
import { ConsoleModule } from './console/console.module.js';
import { dataSourceOptions } from './data-source-options.js';
import { DatabaseModule } from './database/database.module.js';
import { DeliveriesModule } from './deliveries/deliveries.module.js';
import { ExceptionsFilter } from './server/exceptions.filter.js';
import { GroupsModule } from './groups/groups.module.js';
import { HealthModule } from './health/health.module.js';
import { MetricsModule } from './metrics/metrics.module.js';
import { PartitionsModule } from './partitions/partitions.module.js';
import { ReconcilerModule } from './reconciliation/reconciler.module.js';
import { StatsModule } from './stats/stats.module.js';
import { WebhooksModule } from './webhooks/webhooks.module.js';

/** The service. */
@Module({})
export class AppModule {
  /** @param databaseUrl `DATABASE_URL`, or the url of the embedded PostgreSQL */
  static forRoot(config: Config, databaseUrl: string): DynamicModule {
    return {
      module: AppModule,
      imports: [
        ConfigModule.forRoot(config),
        DatabaseModule.forRoot(dataSourceOptions(databaseUrl, config.DATABASE_SCHEMA), config),
        CallbackModule,
        GroupsModule,
        ChangesModule,
        WebhooksModule,
        DeliveriesModule,
        PartitionsModule,
        StatsModule,
        ReconcilerModule,
        HealthModule,
        MetricsModule,
        ...(config.CONSOLE === 'on' ? [ConsoleModule] : []),
      ],
      providers: [{ provide: APP_FILTER, useClass: ExceptionsFilter }],
    };
  }
}

import { type DynamicModule, Module } from '@nestjs/common';
import type { Config } from '../../config/config.js';
import { ConfigModule } from '../../config/config.module.js';
import { dataSourceOptions } from '../../data-source-options.js';
import { DatabaseModule } from '../../database/database.module.js';
import { MetricsModule } from '../../metrics/metrics.module.js';
import { GroupsModule } from '../../groups/groups.module.js';
import { ReplayModule } from '../../callback/replay/replay.module.js';
import { ReconciliationModule } from '../../reconciliation/reconciliation.module.js';

/** The providers of the service that commands use: without HTTP, and without loops. */
@Module({})
export class CliModule {
  /** @param databaseUrl `DATABASE_URL`, or the url of the embedded PostgreSQL */
  static forRoot(config: Config, databaseUrl: string): DynamicModule {
    return {
      module: CliModule,
      imports: [
        ConfigModule.forRoot(config),
        DatabaseModule.forRoot(dataSourceOptions(databaseUrl, config.DATABASE_SCHEMA), config),
        MetricsModule,
        ReconciliationModule,
        GroupsModule,
        ReplayModule,
      ],
    };
  }
}

import { type DynamicModule, Global, Module } from '@nestjs/common';
import { Config } from '../../config/config.js';
import { dataSourceOptions } from '../../data-source-options.js';
import { DatabaseModule } from '../../database/database.module.js';
import { MetricsModule } from '../../metrics/metrics.module.js';
import { ReconciliationModule } from '../../reconciliation/reconciliation.module.js';

/** The providers of the service that commands use: without HTTP, and without loops. */
@Global()
@Module({})
export class CliModule {
  /** @param databaseUrl url of PostgreSQL: `DATABASE_URL`, or that of the embedded one */
  static forRoot(config: Config, databaseUrl: string): DynamicModule {
    return {
      module: CliModule,
      imports: [
        DatabaseModule.forRoot(dataSourceOptions(databaseUrl, config.DATABASE_SCHEMA), config),
        MetricsModule,
        ReconciliationModule,
      ],
      providers: [{ provide: Config, useValue: config }],
      exports: [Config],
    };
  }
}

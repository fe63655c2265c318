import { type DynamicModule, Module } from '@nestjs/common';
import { Config } from './config.js';

/** The settings, for the providers of all modules. */
@Module({})
export class ConfigModule {
  /** @param config the settings that `readConfig` returned */
  static forRoot(config: Config): DynamicModule {
    return {
      module: ConfigModule,
      global: true,
      providers: [{ provide: Config, useValue: config }],
      exports: [Config],
    };
  }
}

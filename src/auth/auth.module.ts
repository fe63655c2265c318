import { Module } from '@nestjs/common';
import { MetricsModule } from '../metrics/metrics.module.js';
import { AuthenticationLimit } from './authentication-limit.js';
import { AuthenticationMetrics } from './authentication-metrics.js';

/** The limit of wrong credentials, for the guards of the callbacks and of the admin API. */
@Module({
  imports: [MetricsModule],
  providers: [AuthenticationLimit, AuthenticationMetrics],
  exports: [AuthenticationLimit],
})
export class AuthModule {}

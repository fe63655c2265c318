import { Module } from '@nestjs/common';
import { MetricsModule } from '../metrics/metrics.module.js';
import { OpenImModule } from '../openim/openim.module.js';
import { HooksMonitor } from './hooks-monitor.js';
import { HooksService } from './hooks.service.js';
import { OpenImClock } from './openim-clock.js';

/** What OpenIM's hooks and clock do, seen from here. */
@Module({
  imports: [MetricsModule, OpenImModule],
  providers: [HooksMonitor, HooksService, OpenImClock],
  exports: [HooksMonitor, HooksService, OpenImClock],
})
export class HooksModule {}

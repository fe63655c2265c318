import { Module } from '@nestjs/common';
import { AdminApiModule } from '../admin-api/admin-api.module.js';
import { MetricsModule } from '../metrics/metrics.module.js';
import { ChangeMetrics } from './change-metrics.service.js';
import { ChangeNotifier } from './change-notifier.service.js';
import { ChangePoller } from './change-poller.service.js';
import { ChangeSignal } from './change-signal.js';
import { ChangesController } from './changes.controller.js';
import { ChangesService } from './changes.service.js';

/** The feed of changes: for whoever follows what happens to groups and members. */
@Module({
  imports: [AdminApiModule, MetricsModule],
  controllers: [ChangesController],
  providers: [ChangeSignal, ChangePoller, ChangeNotifier, ChangeMetrics, ChangesService],
  exports: [ChangeSignal, ChangePoller, ChangesService],
})
export class ChangesModule {}

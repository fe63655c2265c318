import { Module } from '@nestjs/common';
import { AdminApiModule } from '../admin-api/admin-api.module.js';
import { StatsModule } from '../stats/stats.module.js';
import { CallbackFollower } from './callback-follower.js';
import { ReconcilerService } from './reconciler.service.js';
import { ReconciliationController } from './reconciliation.controller.js';
import { ReconciliationModule } from './reconciliation.module.js';
import { ReconciliationWatch } from './metrics/reconciliation-monitor.js';
import { RunScheduler } from './runs/run-scheduler.js';
import { ReconciliationService } from './reconciliation.service.js';

/** Making the mirror equal to OpenIM all the time, and showing that to staff: what the service has and the CLI has not. */
@Module({
  imports: [AdminApiModule, ReconciliationModule, StatsModule],
  controllers: [ReconciliationController],
  providers: [CallbackFollower, ReconciliationWatch, RunScheduler, ReconcilerService, ReconciliationService],
})
export class ReconcilerModule {}

import { Module } from '@nestjs/common';
import { AdminApiModule } from '../admin-api/admin-api.module.js';
import { HooksModule } from '../hooks/hooks.module.js';
import { StatsModule } from '../stats/stats.module.js';
import { CallbackFollower } from './callback-follower.js';
import { LeaderLoops } from './leader-loops.js';
import { ReconciliationMonitor } from './metrics/reconciliation-monitor.js';
import { ReconcilerService } from './reconciler.service.js';
import { ReconciliationController } from './reconciliation.controller.js';
import { ReconciliationModule } from './reconciliation.module.js';
import { ReconciliationService } from './reconciliation.service.js';
import { RunScheduler } from './runs/run-scheduler.js';

/** Continuous reconciliation and its admin API. The CLI reconciles without it. */
@Module({
  imports: [AdminApiModule, HooksModule, ReconciliationModule, StatsModule],
  controllers: [ReconciliationController],
  providers: [
    CallbackFollower,
    LeaderLoops,
    ReconciliationMonitor,
    RunScheduler,
    ReconcilerService,
    ReconciliationService,
  ],
  exports: [ReconciliationService],
})
export class ReconcilerModule {}

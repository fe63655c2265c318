import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { DeliveriesModule } from '../deliveries/deliveries.module.js';
import { GroupsModule } from '../groups/groups.module.js';
import { MetricsModule } from '../metrics/metrics.module.js';
import { OpenImModule } from '../openim/openim.module.js';
import { Agenda } from './agenda.js';
import { ChangesReader } from './changes-reader.js';
import { GroupReader } from './group-reader.js';
import { KnownGroupsService } from './known-groups.service.js';
import { LookService } from './look.service.js';
import { ReconciliationMetrics } from './reconciliation-metrics.js';
import { ReconciliationRun } from './runs/reconciliation-run.entity.js';
import { RunRecorder } from './runs/run-recorder.js';
import { RunnerService } from './runs/runner.service.js';
import { RunLogService } from './runs/run-log.service.js';

/** Making the mirror equal to OpenIM, on request. */
@Module({
  imports: [
    TypeOrmModule.forFeature([ReconciliationRun]),
    GroupsModule,
    DeliveriesModule,
    OpenImModule,
    MetricsModule,
  ],
  providers: [
    Agenda,
    ChangesReader,
    GroupReader,
    KnownGroupsService,
    LookService,
    ReconciliationMetrics,
    RunRecorder,
    RunnerService,
    RunLogService,
  ],
  exports: [
    Agenda,
    LookService,
    ReconciliationMetrics,
    RunRecorder,
    RunnerService,
    RunLogService,
    OpenImModule,
    DeliveriesModule,
  ],
})
export class ReconciliationModule {}

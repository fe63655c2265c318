import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { DeliveriesModule } from '../deliveries/deliveries.module.js';
import { GroupsModule } from '../groups/groups.module.js';
import { MetricsModule } from '../metrics/metrics.module.js';
import { OpenImModule } from '../openim/openim.module.js';
import { ChangesReader } from './changes-reader.js';
import { GroupReader } from './group-reader.js';
import { GroupReconciler } from './group-reconciler.service.js';
import { KnownGroupsService } from './known-groups.service.js';
import { Lanes } from './lanes.js';
import { MemberListReader } from './member-list-reader.js';
import { ReconcileQueue } from './reconcile-queue.js';
import { ReconciliationMetrics } from './reconciliation-metrics.js';
import { RestoreDetector } from './restore-detector.service.js';
import { FullRunsService } from './runs/full-runs.service.js';
import { GroupListing } from './runs/group-listing.service.js';
import { ReconciliationRun } from './runs/reconciliation-run.entity.js';
import { ResyncService } from './runs/resync.service.js';
import { RunRecorder } from './runs/run-recorder.js';
import { RunnerService } from './runs/runner.service.js';
import { RunLogService } from './runs/run-log.service.js';
import { TaskLanes } from './task-lanes.service.js';
import { TaskRunner } from './task-runner.service.js';
import { SnapshotWriter } from './snapshot-writer.service.js';

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
    ChangesReader,
    FullRunsService,
    GroupListing,
    GroupReader,
    GroupReconciler,
    KnownGroupsService,
    Lanes,
    MemberListReader,
    ReconcileQueue,
    ReconciliationMetrics,
    RestoreDetector,
    ResyncService,
    RunRecorder,
    RunnerService,
    RunLogService,
    SnapshotWriter,
    TaskLanes,
    TaskRunner,
  ],
  exports: [
    GroupReconciler,
    GroupsModule,
    KnownGroupsService,
    ReconcileQueue,
    ReconciliationMetrics,
    RunRecorder,
    RunnerService,
    RunLogService,
    OpenImModule,
    DeliveriesModule,
  ],
})
export class ReconciliationModule {}

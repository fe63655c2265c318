import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { DeliveriesModule } from '../deliveries/deliveries.module.js';
import { GroupsModule } from '../groups/groups.module.js';
import { MetricsModule } from '../metrics/metrics.module.js';
import { OpenImModule } from '../openim/openim.module.js';
import { ChangesReader } from './snapshots/changes-reader.js';
import { GroupReader } from './snapshots/group-reader.js';
import { ChangeDetector } from './group-reconciler/change-detector.service.js';
import { GroupReconciler } from './group-reconciler/group-reconciler.service.js';
import { KnownGroupsService } from './snapshots/known-groups.service.js';
import { Lanes } from './queue/lanes.js';
import { MemberListReader } from './snapshots/member-list-reader.js';
import { ReconcileQueue } from './queue/reconcile-queue.js';
import { ReconciliationMetrics } from './metrics/reconciliation-metrics.js';
import { RestoreDetector } from './group-reconciler/restore-detector.service.js';
import { FullRunsService } from './runs/full-runs.service.js';
import { GroupListing } from './runs/group-listing.service.js';
import { ReconciliationRun } from './run-log/reconciliation-run.entity.js';
import { ResyncService } from './runs/resync.service.js';
import { RunRecorder } from './runs/run-recorder.js';
import { RunnerService } from './runs/runner.service.js';
import { RunLogService } from './run-log/run-log.service.js';
import { TaskLanes } from './group-reconciler/task-lanes.service.js';
import { TaskRunner } from './group-reconciler/task-runner.service.js';
import { SnapshotWriter } from './snapshots/snapshot-writer.service.js';

/** Reconciliation on request, for the service and the CLI. */
@Module({
  imports: [
    TypeOrmModule.forFeature([ReconciliationRun]),
    GroupsModule,
    DeliveriesModule,
    OpenImModule,
    MetricsModule,
  ],
  providers: [
    ChangeDetector,
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

import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { DeliveriesModule } from '../deliveries/deliveries.module.js';
import { GroupsModule } from '../groups/groups.module.js';
import { OpenImModule } from '../openim/openim.module.js';
import { Agenda } from './agenda.js';
import { ChangesReader } from './changes-reader.js';
import { GroupReader } from './group-reader.js';
import { KnownGroupsService } from './known-groups.service.js';
import { LookService } from './look.service.js';
import { ReconciliationRun } from './reconciliation-run.entity.js';
import { RunRecorder } from './run-recorder.js';
import { RunService } from './run.service.js';
import { RunsService } from './runs.service.js';

/** Making the mirror equal to OpenIM, on request. */
@Module({
  imports: [TypeOrmModule.forFeature([ReconciliationRun]), GroupsModule, DeliveriesModule, OpenImModule],
  providers: [
    Agenda,
    ChangesReader,
    GroupReader,
    KnownGroupsService,
    LookService,
    RunRecorder,
    RunService,
    RunsService,
  ],
  exports: [Agenda, LookService, RunRecorder, RunService, RunsService, OpenImModule, DeliveriesModule],
})
export class ReconciliationModule {}

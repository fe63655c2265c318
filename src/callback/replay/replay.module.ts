import { Module } from '@nestjs/common';
import { AdminApiModule } from '../../admin-api/admin-api.module.js';
import { DeliveriesModule } from '../../deliveries/deliveries.module.js';
import { GroupsModule } from '../../groups/groups.module.js';
import { CallbackParser } from '../parsing/callback-parser.service.js';
import { ReplayController } from './replay.controller.js';
import { ReplayService } from './replay.service.js';

/** Replays deliveries of the log, for staff and for the command line. */
@Module({
  imports: [AdminApiModule, DeliveriesModule, GroupsModule],
  controllers: [ReplayController],
  providers: [CallbackParser, ReplayService],
  exports: [CallbackParser, ReplayService],
})
export class ReplayModule {}

import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { AdminApiModule } from '../admin-api/admin-api.module.js';
import { ChangesModule } from '../changes/changes.module.js';
import { GroupMember } from './group-member.entity.js';
import { GroupSyncService } from './group-sync.service.js';
import { Group } from './group.entity.js';
import { GroupsController } from './groups.controller.js';
import { GroupsService } from './groups.service.js';
import { MembershipService } from './membership.service.js';

/** The mirror of OpenIM's groups: the tables, their only writer, and the admin API that reads them. */
@Module({
  imports: [TypeOrmModule.forFeature([Group, GroupMember]), AdminApiModule, ChangesModule],
  controllers: [GroupsController],
  providers: [GroupsService, MembershipService, GroupSyncService],
  exports: [GroupsService, GroupSyncService, MembershipService],
})
export class GroupsModule {}

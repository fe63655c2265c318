import { Controller, Get, Param, Query } from '@nestjs/common';
import { ApiNotFoundResponse, ApiOkResponse, ApiOperation } from '@nestjs/swagger';
import { AdminRoutes } from '../admin-api/admin-routes.js';
import { GroupParams } from '../admin-api/group-params.js';
import { GroupDto, GroupPage, UserGroupPage } from './group.dto.js';
import { MemberPage } from './member.dto.js';
import { GroupsQuery, MembersQuery, UserParams } from './groups-query.js';
import { NoQuery, PageQuery } from '../admin-api/paging.js';
import { GroupsService } from './groups.service.js';

/** The admin API of groups and members. */
@Controller('admin')
@AdminRoutes()
export class GroupsController {
  constructor(private readonly groups: GroupsService) {}

  @Get('groups')
  @ApiOperation({ summary: 'List the groups, newest first' })
  @ApiOkResponse({ type: GroupPage })
  listGroups(@Query() query: GroupsQuery): Promise<GroupPage> {
    return this.groups.listGroups(query);
  }

  @Get('groups/:groupID')
  @ApiOperation({ summary: 'Read one group' })
  @ApiOkResponse({ type: GroupDto })
  @ApiNotFoundResponse({ description: 'The group is unknown' })
  getGroup(@Param() params: GroupParams, @Query() _query: NoQuery): Promise<GroupDto> {
    return this.groups.getGroup(params.groupID);
  }

  @Get('groups/:groupID/members')
  @ApiOperation({ summary: 'List the current members of a group, highest role first' })
  @ApiOkResponse({ type: MemberPage })
  @ApiNotFoundResponse({ description: 'The group is unknown' })
  listMembers(@Param() params: GroupParams, @Query() query: MembersQuery): Promise<MemberPage> {
    return this.groups.listMembers(params.groupID, query);
  }

  @Get('users/:userID/groups')
  @ApiOperation({ summary: 'List the groups of a user, with the role in each' })
  @ApiOkResponse({ type: UserGroupPage })
  listGroupsOfUser(@Param() params: UserParams, @Query() query: PageQuery): Promise<UserGroupPage> {
    return this.groups.listGroupsOfUser(params.userID, query);
  }
}

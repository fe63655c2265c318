import { Controller, Get, Param, Query } from '@nestjs/common';
import { ApiNotFoundResponse, ApiOkResponse, ApiOperation } from '@nestjs/swagger';
import { AdminRoutes } from '../admin-api/admin-routes.js';
import { GroupParams } from '../admin-api/group-params.js';
import {
  GroupDto,
  GroupPage,
  GroupsQuery,
  MemberPage,
  MembersQuery,
  UserGroupPage,
  UserParams,
} from './group.dto.js';
import { NoQuery, PageQuery } from '../admin-api/paging.js';
import { GroupsService } from './groups.service.js';

/** What staff may read. */
@Controller('admin')
@AdminRoutes()
export class GroupsController {
  constructor(private readonly groups: GroupsService) {}

  /** The groups, newest first. */
  @Get('groups')
  @ApiOperation({ summary: 'List the groups, newest first' })
  @ApiOkResponse({ type: GroupPage })
  listGroups(@Query() query: GroupsQuery): Promise<GroupPage> {
    return this.groups.listGroups(query);
  }

  /** One group. */
  @Get('groups/:groupID')
  @ApiOperation({ summary: 'Read one group' })
  @ApiOkResponse({ type: GroupDto })
  @ApiNotFoundResponse({ description: 'The group is not known' })
  getGroup(@Param() params: GroupParams, @Query() _query: NoQuery): Promise<GroupDto> {
    return this.groups.getGroup(params.groupID);
  }

  /** The current members of a group, highest role first. */
  @Get('groups/:groupID/members')
  @ApiOperation({ summary: 'List the current members of a group, highest role first' })
  @ApiOkResponse({ type: MemberPage })
  @ApiNotFoundResponse({ description: 'The group is not known' })
  listMembers(@Param() params: GroupParams, @Query() query: MembersQuery): Promise<MemberPage> {
    return this.groups.listMembers(params.groupID, query);
  }

  /** The groups that a user is in, each with the user's role there. */
  @Get('users/:userID/groups')
  @ApiOperation({ summary: 'List the groups that a user is in, with the role there' })
  @ApiOkResponse({ type: UserGroupPage })
  listGroupsOfUser(@Param() params: UserParams, @Query() query: PageQuery): Promise<UserGroupPage> {
    return this.groups.listGroupsOfUser(params.userID, query);
  }
}

import { Controller, Get, Param, Query } from '@nestjs/common';
import {
  ApiExtraModels,
  ApiNotFoundResponse,
  ApiOkResponse,
  ApiOperation,
  getSchemaPath,
} from '@nestjs/swagger';
import { AdminRoutes } from '../admin-api/admin-routes.js';
import { GroupParams } from '../admin-api/group-params.js';
import { GroupDto, GroupPage, UserGroupPage } from './group.dto.js';
import { MemberPage } from './member.dto.js';
import { GroupsQuery, MembersQuery, UserGroupsQuery, UserParams } from './groups-query.js';
import { NoQuery } from '../admin-api/paging.js';
import { GroupsService } from './groups.service.js';
import { MembersAtPage, UserGroupsAtPage } from './membership.dto.js';
import { MembershipService } from './membership.service.js';

/** The admin API of groups and members. */
@Controller('admin')
@AdminRoutes()
export class GroupsController {
  constructor(
    private readonly groups: GroupsService,
    private readonly memberships: MembershipService,
  ) {}

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
  @ApiOperation({
    summary: 'List the members of a group, highest role first, or those at a moment',
  })
  @ApiExtraModels(MemberPage, MembersAtPage)
  @ApiOkResponse({
    schema: { oneOf: [MemberPage, MembersAtPage].map((type) => ({ $ref: getSchemaPath(type) })) },
  })
  @ApiNotFoundResponse({ description: 'The group is unknown, or its members were at the moment' })
  listMembers(
    @Param() { groupID }: GroupParams,
    @Query() query: MembersQuery,
  ): Promise<MemberPage | MembersAtPage> {
    return query.at
      ? this.memberships.listMembersAt(groupID, query.at, query)
      : this.groups.listMembers(groupID, query);
  }

  @Get('users/:userID/groups')
  @ApiOperation({
    summary: 'List the groups of a user, with the role in each, or those at a moment',
  })
  @ApiExtraModels(UserGroupPage, UserGroupsAtPage)
  @ApiOkResponse({
    schema: { oneOf: [UserGroupPage, UserGroupsAtPage].map((type) => ({ $ref: getSchemaPath(type) })) },
  })
  @ApiNotFoundResponse({ description: 'The memberships of the moment are no longer kept' })
  listGroupsOfUser(
    @Param() { userID }: UserParams,
    @Query() query: UserGroupsQuery,
  ): Promise<UserGroupPage | UserGroupsAtPage> {
    return query.at
      ? this.memberships.listGroupsAt(userID, query.at, query)
      : this.groups.listGroupsOfUser(userID, query);
  }
}

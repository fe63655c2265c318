import { Controller, Get, Param, Query, type StreamableFile } from '@nestjs/common';
import {
  ApiExtraModels,
  ApiNotFoundResponse,
  ApiOkResponse,
  ApiOperation,
  ApiProduces,
  schemaPath,
} from '../openapi/decorators.js';
import { AdminRoutes } from '../admin-api/admin-routes.js';
import { GroupParams } from '../admin-api/group-params.js';
import { GroupDto, GroupPage, UserGroupPage } from './group.dto.js';
import { MemberPage } from './member.dto.js';
import { GroupsQuery, MembersQuery, UserGroupsQuery, UserParams } from './groups-query.js';
import { listAs } from '../admin-api/list-export.js';
import { AskedFormat, type ListFormat, MEDIA_TYPES } from '../admin-api/list-format.js';
import { NoQuery } from '../admin-api/paging.js';
import {
  GROUP_LIST,
  MEMBER_AT_LIST,
  MEMBER_LIST,
  USER_GROUP_AT_LIST,
  USER_GROUP_LIST,
} from './list-columns.js';
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
  @ApiProduces(...Object.values(MEDIA_TYPES))
  @ApiOperation({ summary: 'List the groups, newest first' })
  @ApiOkResponse({ type: GroupPage })
  listGroups(
    @Query() query: GroupsQuery,
    @AskedFormat() format: ListFormat,
  ): Promise<GroupPage | StreamableFile> {
    return listAs(format, query, GROUP_LIST, (page) => this.groups.listGroups(page));
  }

  @Get('groups/:groupID')
  @ApiOperation({ summary: 'Read one group' })
  @ApiOkResponse({ type: GroupDto })
  @ApiNotFoundResponse({ description: 'The group is unknown' })
  getGroup(@Param() params: GroupParams, @Query() _query: NoQuery): Promise<GroupDto> {
    return this.groups.getGroup(params.groupID);
  }

  @Get('groups/:groupID/members')
  @ApiProduces(...Object.values(MEDIA_TYPES))
  @ApiOperation({
    summary: 'List the members of a group, highest role first, or those at a moment',
  })
  @ApiExtraModels(MemberPage, MembersAtPage)
  @ApiOkResponse({
    schema: { oneOf: [MemberPage, MembersAtPage].map((type) => ({ $ref: schemaPath(type) })) },
  })
  @ApiNotFoundResponse({ description: 'The group is unknown, or its members were at the moment' })
  listMembers(
    @Param() { groupID }: GroupParams,
    @Query() query: MembersQuery,
    @AskedFormat() format: ListFormat,
  ): Promise<MemberPage | MembersAtPage | StreamableFile> {
    const { at } = query;
    return at
      ? listAs(format, query, MEMBER_AT_LIST, (page) => this.memberships.listMembersAt(groupID, at, page))
      : listAs(format, query, MEMBER_LIST, (page) => this.groups.listMembers(groupID, page));
  }

  @Get('users/:userID/groups')
  @ApiProduces(...Object.values(MEDIA_TYPES))
  @ApiOperation({
    summary: 'List the groups of a user, with the role in each, or those at a moment',
  })
  @ApiExtraModels(UserGroupPage, UserGroupsAtPage)
  @ApiOkResponse({
    schema: { oneOf: [UserGroupPage, UserGroupsAtPage].map((type) => ({ $ref: schemaPath(type) })) },
  })
  @ApiNotFoundResponse({ description: 'The memberships of the moment are no longer kept' })
  listGroupsOfUser(
    @Param() { userID }: UserParams,
    @Query() query: UserGroupsQuery,
    @AskedFormat() format: ListFormat,
  ): Promise<UserGroupPage | UserGroupsAtPage | StreamableFile> {
    const { at } = query;
    return at
      ? listAs(format, query, USER_GROUP_AT_LIST, (page) => this.memberships.listGroupsAt(userID, at, page))
      : listAs(format, query, USER_GROUP_LIST, (page) => this.groups.listGroupsOfUser(userID, page));
  }
}

import { Controller, Get, Param, Query, UseGuards, UsePipes, ValidationPipe } from '@nestjs/common';
import {
  ApiBadRequestResponse,
  ApiBearerAuth,
  ApiNotFoundResponse,
  ApiOkResponse,
  ApiServiceUnavailableResponse,
  ApiTags,
  ApiUnauthorizedResponse,
} from '@nestjs/swagger';
import { AdminGuard } from '../admin.guard.js';
import {
  GroupDto,
  GroupPage,
  GroupParams,
  GroupsQuery,
  MemberPage,
  MembersQuery,
  PageQuery,
  UserGroupPage,
  UserParams,
} from './group.dto.js';
import { GroupsService } from './groups.service.js';

/** What staff may read. */
@Controller('admin')
@UseGuards(AdminGuard)
@UsePipes(
  new ValidationPipe({
    transform: true,
    whitelist: true,
    forbidNonWhitelisted: true,
    stopAtFirstError: true,
  }),
)
@ApiTags('admin')
@ApiBearerAuth()
@ApiBadRequestResponse({ description: 'An unknown or malformed parameter' })
@ApiUnauthorizedResponse({ description: 'No admin key, or a wrong one' })
@ApiServiceUnavailableResponse({ description: 'PostgreSQL cannot be reached' })
export class GroupsController {
  constructor(private readonly groups: GroupsService) {}

  /** The groups, newest first. */
  @Get('groups')
  @ApiOkResponse({ type: GroupPage })
  listGroups(@Query() query: GroupsQuery): Promise<GroupPage> {
    return this.groups.listGroups(query);
  }

  /** One group. */
  @Get('groups/:groupID')
  @ApiOkResponse({ type: GroupDto })
  @ApiNotFoundResponse({ description: 'The group is not known' })
  getGroup(@Param() params: GroupParams): Promise<GroupDto> {
    return this.groups.getGroup(params.groupID);
  }

  /** The current members of a group, highest role first. */
  @Get('groups/:groupID/members')
  @ApiOkResponse({ type: MemberPage })
  @ApiNotFoundResponse({ description: 'The group is not known' })
  listMembers(@Param() params: GroupParams, @Query() query: MembersQuery): Promise<MemberPage> {
    return this.groups.listMembers(params.groupID, query);
  }

  /** The groups that a user is in, each with the user's role there. */
  @Get('users/:userID/groups')
  @ApiOkResponse({ type: UserGroupPage })
  listGroupsOfUser(@Param() params: UserParams, @Query() query: PageQuery): Promise<UserGroupPage> {
    return this.groups.listGroupsOfUser(params.userID, query);
  }
}

import { Controller, Get, NotFoundException, Param, Post, Query, Redirect, Req } from '@nestjs/common';
import { IsOptional, IsString, MaxLength } from 'class-validator';
import type { Request } from 'express';
import { GroupParams } from '../admin-api/group-params.js';
import { ToStorable } from '../admin-api/paging.js';
import { GroupsQuery, MembersQuery, UserGroupsQuery, UserParams } from '../groups/groups-query.js';
import { GroupsService } from '../groups/groups.service.js';
import { MembershipService } from '../groups/membership.service.js';
import { ReconciliationService } from '../reconciliation/reconciliation.service.js';
import { ConsolePages } from './console-pages.js';
import { html } from './html.js';

/** Ended memberships on the page of a user. */
const ENDED = 50;

/** The query of the page of a group. */
class GroupPageQuery extends MembersQuery {
  /** The beginning of a userID to search for. */
  @ToStorable
  @IsOptional()
  @IsString()
  @MaxLength(255)
  userID?: string;

  /** The state that a reconciliation ended with. */
  @IsOptional()
  @IsString()
  reconciled?: string;
}

/** The pages of groups and of users. */
@Controller('console')
@ConsolePages()
export class GroupsPagesController {
  constructor(
    private readonly groups: GroupsService,
    private readonly memberships: MembershipService,
    private readonly reconciliation: ReconciliationService,
  ) {}

  /** Lists groups; a search finds a part of a name, and a whole groupID. */
  @Get('groups')
  async list(@Req() request: Request, @Query() query: GroupsQuery): Promise<string> {
    const { groupName, cursor } = query;
    const [page, exact] = await Promise.all([
      this.groups.listGroups(query),
      groupName === undefined || cursor !== undefined ? null : orNull(this.groups.getGroup(groupName)),
    ]);
    return html(request, 'groups', { query, exact, page });
  }

  @Get('groups/:groupID')
  async group(
    @Req() request: Request,
    @Param() { groupID }: GroupParams,
    @Query() query: GroupPageQuery,
  ): Promise<string> {
    const [group, members] = await Promise.all([
      this.groups.getGroup(groupID),
      this.membersOf(groupID, query),
    ]);
    return html(request, 'group', { group, query, members });
  }

  @Post('groups/:groupID/reconcile')
  @Redirect(undefined, 303)
  async reconcile(@Param() { groupID }: GroupParams): Promise<{ url: string }> {
    const { state } = await this.reconciliation.refresh(groupID);
    return { url: `/console/groups/${encodeURIComponent(groupID)}?reconciled=${state}` };
  }

  @Get('users/:userID')
  async user(
    @Req() request: Request,
    @Param() { userID }: UserParams,
    @Query() query: UserGroupsQuery,
  ): Promise<string> {
    const { at } = query;
    const [groups, ended] = await Promise.all([
      at
        ? messageOrPage(this.memberships.listGroupsAt(userID, at, query))
        : this.groups.listGroupsOfUser(userID, query),
      this.memberships.listEnded(userID, ENDED),
    ]);
    return html(request, 'user', { userID, query, groups, ended });
  }

  private membersOf(groupID: string, query: GroupPageQuery) {
    const { at, userID } = query;
    if (at) {
      return messageOrPage(this.memberships.listMembersAt(groupID, at, query));
    }
    return userID === undefined
      ? this.groups.listMembers(groupID, query)
      : this.groups.findMembers(groupID, userID, query.limit).then((items) => ({ items, nextCursor: null }));
  }
}

/** The message of an answer that does not exist, such as that the members of a moment are not known. */
const messageOrPage = <T>(page: Promise<T>): Promise<T | string> =>
  page.catch((error: unknown) => {
    if (error instanceof NotFoundException) {
      return error.message;
    }
    throw error;
  });

const orNull = async <T>(found: Promise<T>): Promise<T | null> => {
  const result = await messageOrPage(found);
  return typeof result === 'string' ? null : result;
};

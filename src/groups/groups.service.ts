import { Injectable, NotFoundException } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { Repository } from 'typeorm';
import { decodeCursor, page, type PageQuery } from '../admin-api/paging.js';
import { GroupMember } from './group-member.entity.js';
import {
  type GroupDto,
  type GroupPage,
  type GroupsQuery,
  type MemberPage,
  type MembersQuery,
  toGroupDto,
  toMemberDto,
  type UserGroupPage,
} from './group.dto.js';
import { Group } from './group.entity.js';

/** What staff read of the replica. Every list is paged by key: the last page costs what the first one costs. */
@Injectable()
export class GroupsService {
  constructor(
    @InjectRepository(Group) private readonly groups: Repository<Group>,
    @InjectRepository(GroupMember) private readonly members: Repository<GroupMember>,
  ) {}

  /**
   * A page of groups, newest first.
   * @throws BadRequestException for a cursor that is not of this list
   */
  async listGroups(query: GroupsQuery): Promise<GroupPage> {
    const select = this.groups
      .createQueryBuilder('g')
      .addSelect('CAST(g.createTime AS text)', 'moment')
      .orderBy('g.createTime', 'DESC')
      .addOrderBy('g.groupID', 'DESC')
      .limit(query.limit + 1);
    for (const field of ['ownerUserID', 'creatorUserID', 'status', 'groupType'] as const) {
      if (query[field] !== undefined) {
        select.andWhere(`g.${field} = :${field}`, { [field]: query[field] });
      }
    }
    if (query.groupName !== undefined) {
      select.andWhere('g.groupName ILIKE :pattern', {
        pattern: `%${query.groupName.replace(/[\\%_]/g, '\\$&')}%`,
      });
    }
    if (query.stale !== undefined) {
      select.andWhere(`g.staleSince IS ${query.stale ? 'NOT NULL' : 'NULL'}`);
    }
    if (query.cursor !== undefined) {
      const [createTime, groupID] = decodeCursor(query.cursor, ['moment', 'text']);
      select.andWhere('(g.createTime, g.groupID) < (CAST(:createTime AS timestamptz), :groupID)', {
        createTime,
        groupID,
      });
    }
    const { entities, raw } = await select.getRawAndEntities<{ moment: string }>();
    const rows = entities.map((group, index) => ({ group, moment: raw[index]!.moment }));
    const { items, nextCursor } = page(rows, query.limit, ({ group, moment }) => [moment, group.groupID]);
    return { items: items.map(({ group }) => toGroupDto(group)), nextCursor };
  }

  /** @throws NotFoundException for a group that is not known */
  async getGroup(groupID: string): Promise<GroupDto> {
    const group = await this.groups.findOneBy({ groupID });
    if (!group) {
      throw new NotFoundException(`There is no group ${groupID}`);
    }
    return toGroupDto(group);
  }

  /**
   * A page of the current members of a group, highest role first.
   * @throws NotFoundException for a group that is not known; BadRequestException for a cursor that is not of this list
   */
  async listMembers(groupID: string, query: MembersQuery): Promise<MemberPage> {
    const select = this.members
      .createQueryBuilder('m')
      .where('m.groupID = :groupID AND m.leftAt IS NULL', { groupID })
      .orderBy('m.roleLevel', 'DESC')
      .addOrderBy('m.userID', 'DESC')
      .limit(query.limit + 1);
    if (query.roleLevel !== undefined) {
      select.andWhere('m.roleLevel = :roleLevel', { roleLevel: query.roleLevel });
    }
    if (query.cursor !== undefined) {
      const [role, userID] = decodeCursor(query.cursor, ['int32', 'text']);
      select.andWhere('(m.roleLevel, m.userID) < (:role, :userID)', { role, userID });
    }
    const rows = await select.getMany();
    if (rows.length === 0) {
      await this.getGroup(groupID);
    }
    return page(rows.map(toMemberDto), query.limit, (member) => [member.roleLevel, member.userID]);
  }

  /**
   * A page of the groups that a user is in, by groupID, each with the user's role there.
   * @throws BadRequestException for a cursor that is not of this list
   */
  async listGroupsOfUser(userID: string, query: PageQuery): Promise<UserGroupPage> {
    const select = this.groups
      .createQueryBuilder('g')
      .innerJoin(GroupMember, 'm', 'm.groupID = g.groupID')
      .addSelect('m.roleLevel', 'roleLevel')
      .where('m.userID = :userID AND m.leftAt IS NULL', { userID })
      .orderBy('m.groupID', 'ASC')
      .limit(query.limit + 1);
    if (query.cursor !== undefined) {
      const [groupID] = decodeCursor(query.cursor, ['text']);
      // Of both tables: PostgreSQL does not conclude from one to the other, and may walk through `groups` from its beginning.
      select.andWhere('m.groupID > :groupID AND g.groupID > :groupID', { groupID });
    }
    const { entities, raw } = await select.getRawAndEntities<{ roleLevel: number }>();
    const rows = entities.map((group, index) =>
      Object.assign(toGroupDto(group), { roleLevel: raw[index]!.roleLevel }),
    );
    return page(rows, query.limit, (group) => [group.groupID]);
  }
}

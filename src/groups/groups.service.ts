import { Injectable, NotFoundException } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { Repository } from 'typeorm';
import { decodeCursor, page, type PageQuery } from '../admin-api/paging.js';
import { GroupMember } from './group-member.entity.js';
import { type GroupDto, type GroupPage, toGroupDto, type UserGroupPage } from './group.dto.js';
import { type MemberDto, type MemberOfGroupDto, type MemberPage, toMemberDto } from './member.dto.js';
import { type GroupsQuery, type MembersQuery } from './groups-query.js';
import { Group } from './group.entity.js';

/** Reads groups and members for the admin API. Lists are paged by key: the last page costs as much as the first one. */
@Injectable()
export class GroupsService {
  constructor(
    @InjectRepository(Group) private readonly groups: Repository<Group>,
    @InjectRepository(GroupMember) private readonly members: Repository<GroupMember>,
  ) {}

  /**
   * Lists groups, newest first.
   * @throws BadRequestException for a cursor of another list
   */
  async listGroups(query: GroupsQuery): Promise<GroupPage> {
    const select = this.groups
      .createQueryBuilder('g')
      .addSelect('CAST(g.createTime AS text)', 'exactTime')
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
      const [createTime, groupID] = decodeCursor(query.cursor, ['timestamptz', 'text']);
      select.andWhere('(g.createTime, g.groupID) < (CAST(:createTime AS timestamptz), :groupID)', {
        createTime,
        groupID,
      });
    }
    const { entities, raw } = await select.getRawAndEntities<{ exactTime: string }>();
    const rows = entities.map((group, index) => ({ group, exactTime: raw[index]!.exactTime }));
    const { items, nextCursor } = page(rows, query.limit, ({ group, exactTime }) => [
      exactTime,
      group.groupID,
    ]);
    return { items: items.map(({ group }) => toGroupDto(group)), nextCursor };
  }

  /** Reads a group. @throws NotFoundException for an unknown group */
  async getGroup(groupID: string): Promise<GroupDto> {
    const group = await this.groups.findOneBy({ groupID });
    if (!group) {
      throw new NotFoundException(`There is no group ${groupID}`);
    }
    return toGroupDto(group);
  }

  /**
   * Lists the current members of a group, highest role first.
   * @throws NotFoundException for an unknown group; BadRequestException for a cursor of another list
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

  /** Lists the first current members of a group whose userIDs begin with a text, by userID. */
  async findMembers(groupID: string, beginning: string, limit: number): Promise<MemberDto[]> {
    const rows = await this.members
      .createQueryBuilder('m')
      .where('m.groupID = :groupID AND m.leftAt IS NULL', { groupID })
      .andWhere('m.userID LIKE :pattern', { pattern: `${beginning.replace(/[\\%_]/g, '\\$&')}%` })
      .orderBy('m.userID')
      .limit(limit)
      .getMany();
    return rows.map(toMemberDto);
  }

  /** Lists the current members of all groups, by groupID and userID. @throws BadRequestException for a cursor of another list */
  async listAllMembers({
    limit,
    cursor,
  }: PageQuery): Promise<{ items: MemberOfGroupDto[]; nextCursor: string | null }> {
    const [groupID, userID] = cursor === undefined ? ['', ''] : decodeCursor(cursor, ['text', 'text']);
    const rows = await this.members
      .createQueryBuilder('m')
      .where('(m.groupID, m.userID) > (:groupID, :userID) AND m.leftAt IS NULL', { groupID, userID })
      .orderBy('m.groupID')
      .addOrderBy('m.userID')
      .limit(limit + 1)
      .getMany();
    return page(
      rows.map((member) => Object.assign({ groupID: member.groupID }, toMemberDto(member))),
      limit,
      (member) => [member.groupID, member.userID],
    );
  }

  /**
   * Lists the groups of a user, by groupID, with the user's role in each.
   * @throws BadRequestException for a cursor of another list
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
      // On both tables: PostgreSQL does not derive one condition from the other, and may scan `groups` from its beginning.
      select.andWhere('m.groupID > :groupID AND g.groupID > :groupID', { groupID });
    }
    const { entities, raw } = await select.getRawAndEntities<{ roleLevel: number }>();
    const rows = entities.map((group, index) =>
      Object.assign(toGroupDto(group), { roleLevel: raw[index]!.roleLevel }),
    );
    return page(rows, query.limit, (group) => [group.groupID]);
  }
}

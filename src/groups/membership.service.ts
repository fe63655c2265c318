import { Injectable, NotFoundException } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { DataSource } from 'typeorm';
import { decodeCursor, page, type PageQuery } from '../admin-api/paging.js';
import { Config } from '../config/config.js';
import type { MembersQuery } from './groups-query.js';
import type { MemberAtDto, MembersAtPage, UserGroupAtDto, UserGroupsAtPage } from './membership.dto.js';

const DAY_MS = 86_400_000;

const KNOWN_SINCE = 'SELECT known_since AS "knownSince" FROM groups WHERE group_id = $1';

/** Memberships of a user whose groups are examined for one page. */
const EXAMINED_GROUPS = 1000;

/** Memberships of $1 at $2 after $3 that have not ended. The owner is the column whose value is $1; the other column orders the list. */
const presentAt = (owner: string, other: string): string => `
  FROM group_members WHERE ${owner} = $1 AND valid_from <= $2 AND left_at IS NULL AND ${other} > $3`;

/** The last membership of a page of $4 that have not ended. The history is read up to it only: it may be long. */
const pageEnd = (owner: string, other: string): string => `
  SELECT ${other} AS "end" ${presentAt(owner, other)} ORDER BY ${other} OFFSET $4 - 1 LIMIT 1`;

/**
 * Memberships at $2: those that ended later, and those that have not ended.
 * @param condition limits them further
 */
const membershipsAt = (owner: string, other: string, condition: string): string => `
  SELECT * FROM (
    (SELECT ${other}, role_level, valid_from, valid_to FROM group_member_periods
      WHERE ${owner} = $1 AND valid_from <= $2 AND valid_to > $2 AND ${other} > $3 AND ($5::text IS NULL OR ${other} <= $5) ${condition}
      ORDER BY ${other} LIMIT $4)
    UNION ALL
    (SELECT ${other}, role_level, valid_from, NULL ${presentAt(owner, other)} ${condition} ORDER BY ${other} LIMIT $4)
  ) AS at ORDER BY ${other} LIMIT $4`;

const WITH_ROLE = 'AND ($6::integer IS NULL OR role_level = $6)';
const END_OF_MEMBERS = pageEnd('group_id', 'user_id');
const MEMBERS_AT = `
  SELECT user_id AS "userID", role_level AS "roleLevel", valid_from AS "validFrom", valid_to AS "validTo"
  FROM (${membershipsAt('group_id', 'user_id', WITH_ROLE)}) AS members`;

const END_OF_GROUPS = pageEnd('user_id', 'group_id');
const GROUPS_AT = `
  SELECT group_id AS "groupID", group_name AS "groupName", role_level AS "roleLevel", valid_from AS "validFrom", valid_to AS "validTo"
  FROM (${membershipsAt('user_id', 'group_id', '')}) AS memberships LEFT JOIN groups USING (group_id)
  ORDER BY group_id`;

/** Groups between two pages ($3 to $4) of which the user is a member now, and whose members were not known at $2. */
const UNKNOWN_GROUPS = `
  SELECT count(*)::integer AS groups FROM (
    SELECT group_id FROM group_members
    WHERE user_id = $1 AND left_at IS NULL AND group_id > $3 AND ($4::text IS NULL OR group_id <= $4) ORDER BY group_id LIMIT ${EXAMINED_GROUPS}
  ) AS memberships JOIN groups USING (group_id)
  WHERE coalesce(known_since > $2, true)`;

/** Memberships of $1 that ended, the last one first. Sorts those of one user. */
const ENDED = `
  SELECT group_id AS "groupID", group_name AS "groupName", role_level AS "roleLevel", valid_from AS "validFrom", valid_to AS "validTo", how
  FROM (SELECT * FROM group_member_periods WHERE user_id = $1 ORDER BY valid_to DESC LIMIT $2) AS periods LEFT JOIN groups USING (group_id)
  ORDER BY valid_to DESC`;

/** A row, with times as Dates. */
type Row<T> = Omit<T, 'validFrom' | 'validTo'> & { validFrom: Date; validTo: Date | null };

/** A membership that ended. */
export type EndedMembership = UserGroupAtDto & { how: string | null };

const toDto = <T>(row: Row<T>) => ({
  ...row,
  validFrom: row.validFrom.toISOString(),
  validTo: row.validTo?.toISOString() ?? null,
});

/** Reads who was a member at a moment. */
@Injectable()
export class MembershipService {
  constructor(
    @InjectDataSource() private readonly dataSource: DataSource,
    private readonly config: Config,
  ) {}

  /**
   * Lists the members of a group at a moment, by userID.
   * @throws NotFoundException for an unknown group, and for a moment at which its members were not known; BadRequestException for a cursor
   * of another list
   */
  async listMembersAt(groupID: string, moment: Date, query: MembersQuery): Promise<MembersAtPage> {
    this.expectKept(moment);
    const [group] = await this.dataSource.query<{ knownSince: Date | null }[]>(KNOWN_SINCE, [groupID]);
    if (!group) {
      throw new NotFoundException(`There is no group ${groupID}`);
    }
    if (!group.knownSince || group.knownSince > moment) {
      const since = group.knownSince ? `since ${group.knownSince.toISOString()} only` : 'at no moment yet';
      throw new NotFoundException(`The members of group ${groupID} are known ${since}`);
    }
    const range = [groupID, moment, after(query), query.limit + 1];
    const { roleLevel = null } = query;
    const end = roleLevel === null ? await this.findEnd(END_OF_MEMBERS, range) : null;
    const rows = await this.dataSource.query<Row<MemberAtDto>[]>(MEMBERS_AT, [...range, end, roleLevel]);
    return page(rows.map(toDto), query.limit, ({ userID }) => [userID]);
  }

  /**
   * Lists the groups of a user at a moment, by groupID.
   * @throws NotFoundException for a moment whose memberships are no longer kept; BadRequestException for a cursor of another list
   */
  async listGroupsAt(userID: string, moment: Date, query: PageQuery): Promise<UserGroupsAtPage> {
    this.expectKept(moment);
    const start = after(query);
    const range = [userID, moment, start, query.limit + 1];
    const rows = await this.dataSource.query<Row<UserGroupAtDto>[]>(GROUPS_AT, [
      ...range,
      await this.findEnd(END_OF_GROUPS, range),
    ]);
    const groups = page(rows.map(toDto), query.limit, ({ groupID }) => [groupID]);
    const last = groups.nextCursor === null ? null : groups.items.at(-1)!.groupID;
    const [unknown] = await this.dataSource.query<[{ groups: number }]>(UNKNOWN_GROUPS, [
      userID,
      moment,
      start,
      last,
    ]);
    return { ...groups, unknownGroups: unknown.groups };
  }

  /** Lists the last memberships of a user that ended, or whose role changed: `how` as in `group_member_periods`. */
  async listEnded(userID: string, limit: number): Promise<EndedMembership[]> {
    const rows = await this.dataSource.query<Row<EndedMembership>[]>(ENDED, [userID, limit]);
    return rows.map(toDto);
  }

  private async findEnd(statement: string, range: unknown[]): Promise<string | null> {
    const [row] = await this.dataSource.query<{ end: string }[]>(statement, range);
    return row?.end ?? null;
  }

  private expectKept(moment: Date): void {
    const { PERIOD_RETENTION_DAYS: days } = this.config;
    if (days > 0 && moment.getTime() < Date.now() - days * DAY_MS) {
      throw new NotFoundException(
        `Memberships that ended are kept for ${days} days only (PERIOD_RETENTION_DAYS)`,
      );
    }
  }
}

const after = ({ cursor }: PageQuery): string =>
  cursor === undefined ? '' : String(decodeCursor(cursor, ['text'])[0]);

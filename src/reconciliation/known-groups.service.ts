import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { DataSource } from 'typeorm';
import { STALE } from '../groups/statements/fragments.js';
import { DISMISSED } from '../openim/constants.js';
import type { GroupInfo } from '../openim/openim-answers.js';

/** What OpenIM does not have, no look can help. */
const PRESENT = `stale_reason IS DISTINCT FROM '${STALE.absent}'`;
const ALIVE = `status IS DISTINCT FROM ${DISMISSED}`;

const READ = `
  SELECT group_id AS "groupID", status FROM groups WHERE group_id = ANY ($1) AND verified_at IS NOT NULL AND ${PRESENT}`;
const STALE_GROUPS = `
  SELECT group_id AS "groupID", create_time::text AS "createTime" FROM groups
  WHERE stale_since IS NOT NULL AND ${PRESENT} AND (create_time, group_id) > ($1::timestamptz, $2)
  ORDER BY create_time, group_id LIMIT $3`;
const UNREAD_GROUPS = `
  SELECT group_id AS "groupID", create_time::text AS "createTime" FROM groups
  WHERE verified_at IS NULL AND ${PRESENT} AND (create_time, group_id) > ($1::timestamptz, $2)
  ORDER BY create_time, group_id LIMIT $3`;
const ALIVE_GROUPS = `
  SELECT group_id AS "groupID", version_id IS NOT NULL AS versioned
  FROM groups WHERE ${ALIVE} AND verified_at IS NOT NULL AND ${PRESENT} AND group_id > $1 ORDER BY group_id LIMIT $2`;
const GONE_GROUPS = `
  SELECT group_id AS "groupID", member_count::float8 AS "memberCount", NOT (${PRESENT}) AS absent FROM groups
  WHERE (NOT (${ALIVE}) OR NOT (${PRESENT})) AND group_id > $1 ORDER BY group_id LIMIT $2`;
const LONGEST_UNREAD = `
  SELECT group_id AS "groupID" FROM groups WHERE ${ALIVE} AND ${PRESENT} AND read_whole_at < $1
  ORDER BY read_whole_at, group_id LIMIT $2`;

interface ByCreateTime {
  groupID: string;
  /** To the µs, which a Date does not hold. */
  createTime: string;
}

/** A group that is dismissed, or absent: OpenIM did not know it. */
export interface GoneGroup {
  groupID: string;
  memberCount: number;
  absent: boolean;
}

/** The groups of the mirror as reconciliation goes through them, so many at a time, each list by an index. */
@Injectable()
export class KnownGroupsService {
  constructor(@InjectDataSource() private readonly dataSource: DataSource) {}

  /** PostgreSQL's clock, by which groups are verified. */
  async now(): Promise<Date> {
    const [{ now }] = await this.dataSource.query<[{ now: Date }]>('SELECT clock_timestamp() AS now');
    return now;
  }

  /** Which of these groups of OpenIM were never read, or are held for dismissed though they are not. */
  async unread(infos: GroupInfo[]): Promise<string[]> {
    const rows = await this.dataSource.query<{ groupID: string; status: number | null }[]>(READ, [
      infos.map(({ groupID }) => groupID),
    ]);
    const statuses = new Map(rows.map(({ groupID, status }) => [groupID, status]));
    return infos
      .filter(({ groupID, status }) => {
        const known = statuses.get(groupID);
        return known === undefined || (known === DISMISSED && status !== DISMISSED);
      })
      .map(({ groupID }) => groupID);
  }

  /** Those that need a look. */
  stale(size: number): AsyncGenerator<string[]> {
    return this.byCreateTime(STALE_GROUPS, size);
  }

  /** Those that were never read. */
  neverRead(size: number): AsyncGenerator<string[]> {
    return this.byCreateTime(UNREAD_GROUPS, size);
  }

  /** Those that are not dismissed and have been read, and whether OpenIM keeps versions of them: not of those without an owner. */
  async *alive(size: number): AsyncGenerator<{ groupID: string; versioned: boolean }[]> {
    for (let last: string | undefined = ''; last !== undefined;) {
      const rows: { groupID: string; versioned: boolean }[] = await this.dataSource.query(ALIVE_GROUPS, [
        last,
        size,
      ]);
      yield rows;
      last = rows.length < size ? undefined : rows.at(-1)!.groupID;
    }
  }

  /**
   * A page of those that are dismissed, or that OpenIM did not know when it was asked.
   * @param after the groupID to begin after
   */
  gone(after: string, size: number): Promise<GoneGroup[]> {
    return this.dataSource.query(GONE_GROUPS, [after, size]);
  }

  /** Those that are not dismissed and were read whole longest ago, before a moment. */
  async longestUnread(before: Date, limit: number): Promise<string[]> {
    const rows = await this.dataSource.query<{ groupID: string }[]>(LONGEST_UNREAD, [before, limit]);
    return rows.map(({ groupID }) => groupID);
  }

  private async *byCreateTime(statement: string, size: number): AsyncGenerator<string[]> {
    let after: [string, string] | undefined = ['-infinity', ''];
    while (after) {
      const rows: ByCreateTime[] = await this.dataSource.query(statement, [...after, size]);
      yield rows.map(({ groupID }) => groupID);
      const last = rows.at(-1);
      after = last && rows.length === size ? [last.createTime, last.groupID] : undefined;
    }
  }
}

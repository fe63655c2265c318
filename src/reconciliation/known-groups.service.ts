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
const DISMISSED_GROUPS = `
  SELECT group_id AS "groupID" FROM groups WHERE status = ${DISMISSED} AND group_id > $1 ORDER BY group_id LIMIT $2`;
const LONGEST_UNREAD = `
  SELECT group_id AS "groupID" FROM groups WHERE ${ALIVE} AND verified_at < $1 ORDER BY verified_at, group_id LIMIT $2`;

interface ByCreateTime {
  groupID: string;
  /** To the µs, which a Date does not hold. */
  createTime: string;
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

  /** Those that are dismissed. */
  async *dismissed(size: number): AsyncGenerator<string[]> {
    for (let last: string | undefined = ''; last !== undefined;) {
      const rows: { groupID: string }[] = await this.dataSource.query(DISMISSED_GROUPS, [last, size]);
      yield rows.map(({ groupID }) => groupID);
      last = rows.length < size ? undefined : rows.at(-1)!.groupID;
    }
  }

  /** Those that are not dismissed and were read longest ago, before a moment. */
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

import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { DataSource } from 'typeorm';
import { STALE } from '../../groups/statements/stale.js';
import { DISMISSED } from '../../openim/constants.js';
import type { GroupInfo, PerGroup } from '../../openim/openim-answers.js';

/** What OpenIM does not have cannot be read. */
const PRESENT = `stale_reason IS DISTINCT FROM '${STALE.absent}'`;
const ACTIVE = `status IS DISTINCT FROM ${DISMISSED}`;

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
const ABSENT_GROUPS = `
  SELECT group_id AS "groupID", create_time::text AS "createTime" FROM groups
  WHERE stale_since IS NOT NULL AND NOT (${PRESENT}) AND (create_time, group_id) > ($1::timestamptz, $2)
  ORDER BY create_time, group_id LIMIT $3`;
const ACTIVE_GROUPS = `
  SELECT group_id AS "groupID", version_id IS NOT NULL AS "isVersioned"
  FROM groups WHERE ${ACTIVE} AND verified_at IS NOT NULL AND ${PRESENT} AND group_id > $1 ORDER BY group_id LIMIT $2`;
const VERSIONLESS = `
  SELECT group_id AS "groupID", member_count::float8 AS "memberCount", status, group_name AS "groupName",
    owner_user_id AS "ownerUserID", NOT (${PRESENT}) AS "isAbsent", full_snapshot_at AS "fullSnapshotAt"
  FROM groups`;
const VERSIONLESS_GROUPS = `${VERSIONLESS} WHERE group_id = ANY ($1)`;
const DISMISSED_GROUPS = `${VERSIONLESS}
  WHERE (NOT (${ACTIVE}) OR NOT (${PRESENT})) AND group_id > $1 ORDER BY group_id LIMIT $2`;
/** As the index `groups_full_snapshot_at_idx` has it: a dismissed group whose members stay lives on. */
const LONGEST_UNREAD = `
  SELECT group_id AS "groupID" FROM groups
  WHERE (${ACTIVE} OR member_count > 0) AND ${PRESENT} AND full_snapshot_at < $1
  ORDER BY full_snapshot_at, group_id LIMIT $2`;

interface ByCreateTime {
  groupID: string;
  /** To the µs, which a Date does not hold. */
  createTime: string;
}

/** A group of which OpenIM tells no changes: it is dismissed, has no owner, or OpenIM did not have it. */
export interface VersionlessGroup {
  groupID: string;
  memberCount: number;
  status: number | null;
  groupName: string | null;
  ownerUserID: string | null;
  isAbsent: boolean;
  fullSnapshotAt: Date | null;
}

/** The groups of the mirror as reconciliation goes through them, a page at a time, each list by an index. */
@Injectable()
export class KnownGroupsService {
  constructor(@InjectDataSource() private readonly dataSource: DataSource) {}

  /** PostgreSQL's clock, by which groups are verified. */
  async now(): Promise<Date> {
    const [{ now }] = await this.dataSource.query<[{ now: Date }]>('SELECT clock_timestamp() AS now');
    return now;
  }

  /** Which of these groups of OpenIM were never read, or are dismissed here though they are not in OpenIM. */
  async unread(infos: PerGroup<GroupInfo>): Promise<string[]> {
    const groupIDs = [...infos.keys()];
    const rows = await this.dataSource.query<{ groupID: string; status: number | null }[]>(READ, [groupIDs]);
    const statuses = new Map(rows.map(({ groupID, status }) => [groupID, status]));
    return groupIDs.filter((groupID) => {
      const [known, info] = [statuses.get(groupID), infos.get(groupID)];
      return (
        !statuses.has(groupID) ||
        (known === DISMISSED && !(info instanceof Error) && info!.status !== DISMISSED)
      );
    });
  }

  /** Groups that are stale. */
  stale(size: number): AsyncGenerator<string[]> {
    return this.byCreateTime(STALE_GROUPS, size);
  }

  /** Groups that were never read. */
  neverRead(size: number): AsyncGenerator<string[]> {
    return this.byCreateTime(UNREAD_GROUPS, size);
  }

  /** Groups that are not dismissed and have been read, and whether OpenIM keeps versions of them: not of those without an owner. */
  async *active(size: number): AsyncGenerator<{ groupID: string; isVersioned: boolean }[]> {
    for (let last: string | undefined = ''; last !== undefined;) {
      const rows: { groupID: string; isVersioned: boolean }[] = await this.dataSource.query(ACTIVE_GROUPS, [
        last,
        size,
      ]);
      yield rows;
      last = rows.length < size ? undefined : rows.at(-1)!.groupID;
    }
  }

  /** Some groups without versions, with what OpenIM's list shows of a group. */
  versionless(groupIDs: string[]): Promise<VersionlessGroup[]> {
    return this.dataSource.query(VERSIONLESS_GROUPS, [groupIDs]);
  }

  /**
   * A page of the groups that are dismissed, or that OpenIM did not have when it was asked.
   * @param after the groupID to begin after
   */
  dismissed(after: string, size: number): Promise<VersionlessGroup[]> {
    return this.dataSource.query(DISMISSED_GROUPS, [after, size]);
  }

  /** Groups that OpenIM did not have when it was asked last. */
  absent(size: number): AsyncGenerator<string[]> {
    return this.byCreateTime(ABSENT_GROUPS, size);
  }

  /** Groups that have members and were read whole longest ago, before a moment. */
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

import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { DataSource } from 'typeorm';
import { STALE } from '../../groups/statements/stale.js';
import { DISMISSED } from '../../openim/constants.js';
import type { GroupInfo, PerGroup } from '../../openim/openim-answers.js';

/** Groups that OpenIM has: others cannot be read. */
const PRESENT = `stale_reason IS DISTINCT FROM '${STALE.absent}'`;
const ACTIVE = `status IS DISTINCT FROM ${DISMISSED}`;

const VERIFIED = `
  SELECT group_id AS "groupID", status FROM groups WHERE group_id = ANY ($1) AND verified_at IS NOT NULL AND ${PRESENT}`;
const STALE_GROUPS = `
  SELECT group_id AS "groupID", create_time::text AS "createTime" FROM groups
  WHERE stale_since IS NOT NULL AND ${PRESENT} AND (create_time, group_id) > ($1::timestamptz, $2)
  ORDER BY create_time, group_id LIMIT $3`;
const NEVER_VERIFIED_GROUPS = `
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
/**
 * Has the condition of the index `groups_full_snapshot_at_idx`: the members of a dismissed group that keeps them may change. The number
 * of members is not in it, because each join and leave would then write every index of the group.
 */
const LEAST_RECENTLY_SNAPSHOTTED = `
  SELECT group_id AS "groupID" FROM groups
  WHERE members_removed_at IS NULL AND ${PRESENT} AND full_snapshot_at < $1
  ORDER BY full_snapshot_at, group_id LIMIT $2`;

interface ByCreateTime {
  groupID: string;
  /** To the µs, which a Date does not hold. */
  createTime: string;
}

/** The fields of a group that are compared with OpenIM's info; null: unknown. */
type ComparedFields = Pick<GroupInfo, 'status' | 'groupName' | 'ownerUserID'>;

/** A group whose changes OpenIM does not report: it is dismissed, has no owner, or OpenIM did not have it. */
export type VersionlessGroup = { [Field in keyof ComparedFields]: ComparedFields[Field] | null } & {
  groupID: string;
  memberCount: number;
  isAbsent: boolean;
  fullSnapshotAt: Date | null;
};

/** Reads the groups of the mirror page by page, each list by an index. */
@Injectable()
export class KnownGroupsService {
  constructor(@InjectDataSource() private readonly dataSource: DataSource) {}

  /** Returns the time of PostgreSQL's clock, as `verified_at` has it. */
  async now(): Promise<Date> {
    const [{ now }] = await this.dataSource.query<[{ now: Date }]>('SELECT clock_timestamp() AS now');
    return now;
  }

  /** Selects the groups of OpenIM that the mirror lacks: those never verified, and those dismissed here but not in OpenIM. */
  async selectUnknown(infos: PerGroup<GroupInfo>): Promise<string[]> {
    const groupIDs = [...infos.keys()];
    const rows = await this.dataSource.query<{ groupID: string; status: number | null }[]>(VERIFIED, [
      groupIDs,
    ]);
    const statuses = new Map(rows.map(({ groupID, status }) => [groupID, status]));
    return groupIDs.filter((groupID) => {
      const [known, info] = [statuses.get(groupID), infos.get(groupID)];
      return (
        !statuses.has(groupID) ||
        (known === DISMISSED && !(info instanceof Error) && info!.status !== DISMISSED)
      );
    });
  }

  /** Reads the groups that are stale. */
  stale(size: number): AsyncGenerator<string[]> {
    return this.byCreateTime(STALE_GROUPS, size);
  }

  /** Reads the groups that were never verified. */
  neverVerified(size: number): AsyncGenerator<string[]> {
    return this.byCreateTime(NEVER_VERIFIED_GROUPS, size);
  }

  /** Reads the verified groups that are not dismissed, and whether OpenIM keeps versions of them: it does not for those without an owner. */
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

  /** Reads some groups without versions, with the fields to compare. */
  versionless(groupIDs: string[]): Promise<VersionlessGroup[]> {
    return this.dataSource.query(VERSIONLESS_GROUPS, [groupIDs]);
  }

  /**
   * Reads a page of the groups that are dismissed, or that OpenIM did not have at the last request.
   * @param after cursor: the last groupID of the page before
   */
  dismissed(after: string, size: number): Promise<VersionlessGroup[]> {
    return this.dataSource.query(DISMISSED_GROUPS, [after, size]);
  }

  /** Reads the groups that OpenIM did not have at the last request. */
  absent(size: number): AsyncGenerator<string[]> {
    return this.byCreateTime(ABSENT_GROUPS, size);
  }

  /** Reads the active groups, and dismissed ones with members, whose last full snapshot is older than `before`, the oldest first. */
  async leastRecentlySnapshotted(before: Date, limit: number): Promise<string[]> {
    const rows = await this.dataSource.query<{ groupID: string }[]>(LEAST_RECENTLY_SNAPSHOTTED, [
      before,
      limit,
    ]);
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

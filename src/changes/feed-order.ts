import type { DataSource } from 'typeorm';

/**
 * The position of a change that this transaction writes, in SQL. Positions order the changes of a group as its revisions do, because each writer
 * runs at REPEATABLE READ: its snapshot is older than its transaction id, and a group that was changed since is a conflict (40001).
 */
export const POSITION = '(SELECT position_offset FROM change_feed) + pg_current_xact_id()::text::bigint';

/**
 * The first position that may still appear, in SQL, for FROM `change_feed`. Every transaction before the oldest one in progress has ended, and
 * what it wrote is visible to this statement.
 */
export const HORIZON = 'position_offset + pg_snapshot_xmin(pg_current_snapshot())::text::bigint';

/**
 * Continues the order of the feed in another cluster, into which a dump was restored: there the ids of transactions begin with small numbers
 * again. Positions go on above those of the dump, and the cursors of before are no longer valid. Otherwise it changes nothing.
 * @throws the driver's error
 */
export async function continueFeed(dataSource: DataSource): Promise<void> {
  await dataSource.query(`
    UPDATE change_feed SET epoch = gen_random_uuid(), position_offset = last.position
    FROM (SELECT max(position) AS position FROM group_changes) AS last
    WHERE last.position >= position_offset + pg_snapshot_xmax(pg_current_snapshot())::text::bigint`);
}

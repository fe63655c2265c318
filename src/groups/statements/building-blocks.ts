/**
 * CTEs that the statements of `GroupSyncService` share. Each statement takes $1 the groupID, $2 the payload as JSON, $3 when it was
 * received (null: now), $4 to $12 its delivery (null: none to log). It runs at REPEATABLE READ: it reads and changes the same state of a
 * group, or PostgreSQL ends it with SQLSTATE 40001 and it is run again. So each statement that changes a member writes the group's row
 * too.
 *
 * A statement says what it does in two CTEs. `planned` has the new rows of members. `effect` has one row: `delta` of the number of
 * members, `touched` (whether the group's row is written), `changed`, and `stale`, why the group needs reconciling (null: it does not).
 */
import { callbackOverwrites, mergedAsOf, mergedColumn } from './as-of.js';
import { columns, type Field, MEMBER_FIELDS } from './fields.js';
import { mergedStaleReason, STALE } from './stale.js';
import { CALLBACK_DELAY_S } from '../../openim/timing.js';

/**
 * A time, at REPEATABLE READ. At another isolation the statement fails and writes nothing, with SQLSTATE 42704 and the name of this
 * setting, which does not exist: a pooler may have reset the isolation of the session.
 */
export const atRepeatableRead = (time: string): string => `
      CASE current_setting('transaction_isolation') WHEN 'repeatable read' THEN ${time}
      ELSE current_setting('openim_group_sync.needs_repeatable_read')::timestamptz END`;

/**
 * `known`: the group's row.
 * `change`: the time as of which the change is true; no row, so that nothing is written, where the group was read from OpenIM since. The
 * clock is clock_timestamp(): now() may be before the commit of a row that the statement reads.
 */
export const KNOWN_AND_CHANGE = `
  known AS (SELECT * FROM groups WHERE group_id = $1),
  change AS (
    SELECT ${atRepeatableRead('coalesce($3::timestamptz, clock_timestamp())')} AS as_of
    WHERE $3::timestamptz IS NULL OR NOT EXISTS (SELECT FROM known WHERE verified_at > $3)
  )`;

/** Whether another callback than the creation reported the row so recently that OpenIM may have sent the two in the other order. */
export const isRecent = (row: 'm' | 'known'): string =>
  `(${row}.as_of > change.as_of - interval '${CALLBACK_DELAY_S} seconds' AND ${row}.as_of IS DISTINCT FROM known.created_as_of)`;

const [ROLE_LEVEL, ...OTHER_FIELDS] = MEMBER_FIELDS as [Field, ...Field[]];

/** The columns of a member that a write sets, without its key. */
const MEMBER_COLUMNS = [ROLE_LEVEL.column, 'left_at', 'left_cause', 'left_reason'].concat(
  OTHER_FIELDS.map(({ column }) => column),
);

/** For `planned`: the columns of row `m` that callbacks about roles and membership leave as they are. */
export const UNCHANGED_COLUMNS = columns(OTHER_FIELDS, 'm');

/** For FROM: each user of `affected_users` with the user's row `m`, without those whose row is true as of later. */
export const AFFECTED_MEMBERS = `change
      LEFT JOIN known ON true
      CROSS JOIN affected_users
      LEFT JOIN group_members m ON m.group_id = $1 AND m.user_id = affected_users.user_id
    WHERE (m.as_of IS NULL OR ${callbackOverwrites('m.as_of', 'change.as_of')})`;

const list = (items: string[]): string => items.map((item) => `${item}, `).join('');

/**
 * Writes the group's row, or creates it: the reported columns by the ordering rule, member_count by the effect's delta, and the effect's
 * reason of staleness.
 * @param reported the columns that the callback reports, with their expressions over `payload`
 */
export function upsertGroup(reported: Readonly<Record<string, string>> = {}): string {
  const names = Object.keys(reported);
  const isOverwritten = callbackOverwrites('g.as_of', 'excluded.as_of');
  return `
  written_group AS (
    INSERT INTO groups AS g (group_id, ${list(names)}create_time, member_count, as_of, synced_at, last_callback_at,
      stale_since, stale_reason)
    SELECT $1, ${list(Object.values(reported))}change.as_of, greatest(effect.delta, 0), change.as_of, now(), clock_timestamp(), now(),
      coalesce(effect.stale, '${STALE.creation}')
    FROM change, effect${names.length > 0 ? ', payload' : ''}
    WHERE effect.touched
    ON CONFLICT (group_id) DO UPDATE SET
      ${names.map((column) => `${mergedColumn(column, isOverwritten)},`).join('\n      ')}
      member_count = greatest(g.member_count + (SELECT delta FROM effect), 0),
      as_of = ${names.length > 0 ? mergedAsOf('g') : 'g.as_of'},
      synced_at = excluded.synced_at,
      last_callback_at = excluded.last_callback_at,
      stale_since = CASE WHEN (SELECT stale FROM effect) IS NULL THEN g.stale_since ELSE coalesce(g.stale_since, now()) END,
      stale_reason = ${mergedStaleReason('coalesce((SELECT stale FROM effect), g.stale_reason)')}
    RETURNING 1
  )`;
}

/** Writes the rows of `planned`, after the group's row and in the order of their key: writers of one group cannot deadlock. */
export const UPSERT_MEMBERS = `
  written_members AS (
    INSERT INTO group_members AS m (group_id, user_id, ${MEMBER_COLUMNS.join(', ')}, as_of, synced_at)
    SELECT $1, user_id, ${MEMBER_COLUMNS.map((column) => `planned.${column}`).join(', ')}, change.as_of, now()
    FROM (SELECT count(*) FROM written_group) AS group_done, change, planned
    ORDER BY user_id COLLATE "C"
    ON CONFLICT (group_id, user_id) DO UPDATE SET
      ${MEMBER_COLUMNS.map((column) => `${column} = excluded.${column}`).join(', ')},
      as_of = ${mergedAsOf('m')},
      synced_at = excluded.synced_at
  )`;

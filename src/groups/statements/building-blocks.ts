/**
 * CTEs that the statements of `GroupSyncService` share. Each statement takes $1 the groupID, $2 the payload as JSON, $3 when it was
 * received (null: now), $4 to $12 its delivery (null: none to log). It runs at REPEATABLE READ: it reads and changes the same state of a
 * group, or PostgreSQL ends it with SQLSTATE 40001 and it is run again. So each statement that changes a member writes the group's row
 * too.
 *
 * A statement says what it does in two CTEs. `planned` has the new rows of members. `effect` has one row: `delta` of the number of
 * members, `touched` (whether the group's row is written), `changed`, and `stale`, why the group needs reconciling (null: it does not).
 * In between, `member_summary` says which members change (record-change.ts).
 */
import { callbackOverwrites, mergedAsOf, mergedValue } from './as-of.js';
import { columns, type Field, MEMBER_FIELDS } from './fields.js';
import { IS_MEMBER, revisionStep, validFrom } from './member-changes.js';
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
export const isRecent = (row: 'm' | 'known', change: 'change' | 'known' = 'change'): string =>
  `(${row}.as_of > ${change}.as_of - interval '${CALLBACK_DELAY_S} seconds' AND ${row}.as_of IS DISTINCT FROM known.created_as_of)`;

/** For FROM: the time as of which the change is true, as `change.as_of`. */
export const CHANGE = `(
        SELECT ${atRepeatableRead('coalesce($3::timestamptz, clock_timestamp())')} AS as_of
      ) AS change`;

/** Whether the group was not read from OpenIM since the change. */
export const isNotVerifiedSince = (row: 'groups' | 'known'): string =>
  `($3::timestamptz IS NULL OR ${row}.verified_at IS NULL OR ${row}.verified_at <= $3)`;

const [ROLE_LEVEL, ...OTHER_FIELDS] = MEMBER_FIELDS as [Field, ...Field[]];

/** The columns of a member that a write sets, without its key. */
const MEMBER_COLUMNS = [ROLE_LEVEL.column, 'left_at', 'left_cause', 'left_reason'].concat(
  OTHER_FIELDS.map(({ column }) => column),
);

/** For `planned`: the columns of row `m` that callbacks about roles and membership leave as they are. */
export const UNCHANGED_COLUMNS = columns(OTHER_FIELDS, 'm');

/**
 * For FROM: each user of `affected_users` with the user's row `m`, without those whose row is true as of later. OFFSET 0: PostgreSQL does not
 * know that the users are few, and would read the whole group.
 */
export const AFFECTED_MEMBERS = `change
      LEFT JOIN known ON true
      CROSS JOIN affected_users
      LEFT JOIN LATERAL (
        SELECT * FROM group_members WHERE group_id = $1 AND user_id = affected_users.user_id OFFSET 0
      ) AS m ON true
    WHERE (m.as_of IS NULL OR ${callbackOverwrites('m.as_of', 'change.as_of')})`;

/**
 * For `planned`, beside `AFFECTED_MEMBERS`: when a user leaves whom a late callback reports in a group whose members were removed: a member
 * leaves now, any other user left with them. NULL in any other group.
 */
export const REMOVED_AT = `CASE WHEN known.members_removed_at IS NOT NULL AND ${IS_MEMBER}
        THEN change.as_of ELSE known.members_removed_at END`;

/**
 * `merged`: the reported columns after the change, by the ordering rule, and whether one of them `differs` from `known`.
 * @param reported the columns that the callback reports, with their expressions over `payload`
 */
export function mergeColumns(reported: Readonly<Record<string, string>>): string {
  const names = Object.keys(reported);
  const list = (row: string): string => names.map((name) => `${row}.${name}`).join(', ');
  return `
  merged AS (
    SELECT reported.*, (${list('reported')}) IS DISTINCT FROM (${list('known')}) AS differs
    FROM (
      SELECT ${Object.entries(reported)
        .map(
          ([name, value]) =>
            `${mergedValue(`known.${name}`, value, callbackOverwrites('known.as_of', 'change.as_of'))} AS ${name}`,
        )
        .join(',\n        ')}
      FROM change CROSS JOIN payload LEFT JOIN known ON true OFFSET 0
    ) AS reported LEFT JOIN known ON true
  )`;
}

/**
 * Writes the group's row, or creates it: the columns of `merged`, member_count by the effect's delta, the effect's reason of staleness, and
 * the next revision where a column or a member changes. `known` is the row that is overwritten: where another writer changed it meanwhile, the statement ends
 * with 40001.
 * @param names the columns in `merged`
 */
export function upsertGroup(names: readonly string[] = []): string {
  const assigned = [
    ...names,
    'member_count',
    'as_of',
    'synced_at',
    'last_callback_at',
    'stale_since',
    'stale_reason',
    'revision',
  ];
  const isMerged = names.length > 0;
  const reason = `coalesce(effect.stale, CASE WHEN known.group_id IS NULL THEN '${STALE.creation}' ELSE known.stale_reason END)`;
  return `
  written_group AS (
    INSERT INTO groups (group_id, create_time, ${assigned.join(', ')})
    SELECT $1, change.as_of, ${names.map((name) => `merged.${name}, `).join('')}
      greatest(coalesce(known.member_count, 0) + effect.delta, 0),
      ${isMerged ? mergedAsOf('known', 'change') : 'coalesce(known.as_of, change.as_of)'}, now(), clock_timestamp(),
      CASE WHEN effect.stale IS NULL AND known.group_id IS NOT NULL THEN known.stale_since ELSE coalesce(known.stale_since, now()) END,
      ${mergedStaleReason(reason, 'known')},
      coalesce(known.revision, 0) + ${revisionStep(isMerged ? 'merged.differs' : 'false')}
    FROM change CROSS JOIN effect ${isMerged ? 'CROSS JOIN merged ' : ''}LEFT JOIN known ON true
    WHERE effect.touched
    ON CONFLICT (group_id) DO UPDATE SET
      ${assigned.map((name) => `${name} = excluded.${name}`).join(', ')}
    RETURNING *
  )`;
}

/** Writes the rows of `planned`, after the group's row and in the order of their key: writers of one group cannot deadlock. */
export const UPSERT_MEMBERS = `
  written_members AS (
    INSERT INTO group_members AS m (group_id, user_id, ${MEMBER_COLUMNS.join(', ')}, valid_from, as_of, synced_at)
    SELECT $1, user_id, ${MEMBER_COLUMNS.map((column) => `planned.${column}`).join(', ')}, ${validFrom('change.as_of')}, change.as_of, now()
    FROM (SELECT count(*) FROM written_group) AS group_done, change, planned
    ORDER BY user_id COLLATE "C"
    ON CONFLICT (group_id, user_id) DO UPDATE SET
      ${MEMBER_COLUMNS.map((column) => `${column} = excluded.${column}`).join(', ')},
      valid_from = excluded.valid_from,
      as_of = ${mergedAsOf('m')},
      synced_at = excluded.synced_at
  )`;

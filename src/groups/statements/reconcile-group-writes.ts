import { DISMISSED } from '../../openim/constants.js';
import { isAheadOfClock, mergeChanges, mergedAsOf, mergedColumns, snapshotOverwrites } from './as-of.js';
import { DRIFT_AS_JSON } from './reconcile-group-drift.js';
import { columns, GROUP_FIELDS, MEMBER_FIELDS, values } from './fields.js';
import { memberChanges, revisionStep } from './member-changes.js';
import { ALL_FIELDS, recordChange } from './record-change.js';
import { STALE } from './stale.js';

/**
 * One row where the snapshot is written, none where it is outdated or needs confirmation. `is_verified`: the rows are equal to OpenIM
 * afterwards.
 */
export const ACCEPTED = `
  accepted AS (
    SELECT payload.verified AND NOT verdict.needs_full_snapshot AND NOT verdict.is_too_recent AS is_verified
    FROM verdict, payload
    WHERE NOT is_outdated AND NOT needs_confirmation AND (payload.info IS NOT NULL OR EXISTS (SELECT FROM known))
  )`;

const isLater = (time: string): string =>
  `coalesce(${time} > excluded.as_of AND NOT ${isAheadOfClock(time)}, false)`;

/** A callback or mark of after the snapshot, or another snapshot that follows, keeps the group stale. */
const STAYS_STALE = `WHEN (SELECT needs_full_snapshot OR is_too_recent FROM verdict)
          OR (excluded.verified_at IS NOT NULL AND (${isLater('g.last_callback_at')} OR ${isLater('g.stale_since')}))`;

const groupOverwritten = snapshotOverwrites('g.as_of', 'excluded.as_of');
const GROUP_COLUMNS = GROUP_FIELDS.map(({ column }) => column);

/**
 * Writes the group's row: its fields by the ordering rule, the number of members counted here, and when and at which version the group
 * was verified, and the next revision where a field or a member changes. Only a verified snapshot ends staleness.
 */
export const WRITTEN_GROUP = `
  written_group AS (
    INSERT INTO groups AS g (group_id, ${columns(GROUP_FIELDS)}, create_time, member_count, as_of, created_as_of, members_removed_at,
      synced_at, verified_at, full_snapshot_at, version_id, version, stale_since, stale_reason, known_since,
      revision)
    SELECT $1, ${values(GROUP_FIELDS, 'info')}, coalesce(info."createTime", known.create_time),
      counted.members + counted.joining - counted.leaving, change.as_of,
      CASE WHEN accepted.is_verified AND payload.info IS NOT NULL THEN least(info."createTime", change.as_of) END,
      CASE WHEN info.status = ${DISMISSED} AND payload.complete AND NOT EXISTS (SELECT FROM listed) THEN change.as_of END,
      now(), CASE WHEN accepted.is_verified THEN change.as_of END, CASE WHEN payload.whole THEN change.as_of END,
      payload."versionID", payload.version,
      CASE WHEN NOT accepted.is_verified THEN now() END,
      CASE WHEN NOT accepted.is_verified THEN '${STALE.unread}' || coalesce(': ' || payload.reason, '') END,
      CASE WHEN accepted.is_verified THEN change.as_of END,
      ${revisionStep('payload.info IS NOT NULL')}
    FROM accepted, counted, change, payload LEFT JOIN known ON true LEFT JOIN info ON true
    ON CONFLICT (group_id) DO UPDATE SET
      ${mergedColumns(GROUP_COLUMNS, groupOverwritten)},
      create_time = excluded.create_time,
      member_count = excluded.member_count,
      as_of = CASE WHEN excluded.status IS NULL THEN g.as_of ELSE ${mergedAsOf('g')} END,
      created_as_of = coalesce(g.created_as_of, excluded.created_as_of),
      members_removed_at = CASE WHEN NOT ${groupOverwritten} OR excluded.status IS NULL THEN g.members_removed_at
        WHEN excluded.members_removed_at IS NOT NULL THEN coalesce(g.members_removed_at, excluded.members_removed_at)
        WHEN excluded.status = ${DISMISSED} AND excluded.member_count = 0 THEN g.members_removed_at END,
      synced_at = excluded.synced_at,
      last_callback_at = CASE WHEN ${isAheadOfClock('g.last_callback_at')} THEN excluded.as_of ELSE g.last_callback_at END,
      verified_at = coalesce(excluded.verified_at, g.verified_at),
      full_snapshot_at = coalesce(excluded.full_snapshot_at, g.full_snapshot_at),
      known_since = coalesce(g.known_since, excluded.known_since),
      version_id = CASE WHEN excluded.verified_at IS NULL THEN g.version_id ELSE excluded.version_id END,
      version = CASE WHEN excluded.verified_at IS NULL THEN g.version ELSE excluded.version END,
      stale_since = CASE ${STAYS_STALE} THEN g.stale_since
        WHEN excluded.verified_at IS NULL THEN coalesce(g.stale_since, excluded.stale_since) END,
      stale_reason = CASE ${STAYS_STALE} THEN g.stale_reason
        WHEN excluded.verified_at IS NULL THEN excluded.stale_reason END,
      revision = g.revision + ${revisionStep(`(g.create_time, g.member_count) IS DISTINCT FROM (excluded.create_time, excluded.member_count)
        OR (g.created_as_of IS NULL AND excluded.created_as_of IS NOT NULL)
        OR ${mergeChanges(GROUP_COLUMNS, groupOverwritten)}`)}
    RETURNING *
  )`;

/**
 * The new rows of the members that are written, and of those who leave. Members of a dismissed group leave by its dismissal.
 */
export const PLANNED = `
  planned AS (
    SELECT user_id,
      ${MEMBER_FIELDS.map(({ column }) => `CASE WHEN is_listed THEN new_${column} ELSE old_${column} END AS ${column}`).join(',\n      ')},
      CASE WHEN NOT is_listed THEN change.as_of END AS left_at,
      CASE WHEN NOT is_listed AND (SELECT status = ${DISMISSED} FROM info) THEN 'dismissed' END AS left_cause,
      NULL AS left_reason,
      was_known AS old_exists, was_member AS old_is_member, old_valid_from, ${MEMBER_FIELDS.map(({ column }) => `old_${column}`).join(', ')}
    FROM accepted, change, changes
    WHERE is_written OR leaves
  )`;

/** The members in `planned` whose state changes. */
export const MEMBER_CHANGES = memberChanges();

/** Where the change comes from, and its drift. */
export const ORIGIN = {
  source:
    "CASE WHEN EXISTS (SELECT FROM drift WHERE kind = 'filled') THEN 'backfill' ELSE 'reconciliation' END",
  cause: '$4::uuid',
  drift: DRIFT_AS_JSON,
};

/** Writes the change, with the drift in it. */
export const RECORDED = recordChange(ALL_FIELDS, ORIGIN);

import { DISMISSED } from '../../openim/constants.js';
import type { PreparedStatement } from '../../postgres/prepared-statement.js';
import { columns, GROUP_FIELDS, jsonKey, MEMBER_FIELDS, values } from './fields.js';
import { DETAILS, KEPT_MEMBERS } from './member-changes.js';
import { SNAPSHOT_AS_OF, SNAPSHOT_PAYLOAD } from './reconcile-group-comparison.js';
import { DRIFT_AS_ANSWER, unknownGroup } from './reconcile-group-drift.js';
import { ORIGIN } from './reconcile-group-writes.js';
import { ALL_FIELDS, differenceOf, fieldChange, MEMBER_COUNT, record } from './record-change.js';

/** The first members, as the change lists them. */
const JOINED = `
        (SELECT jsonb_agg(jsonb_build_object('userID', "userID", 'kind', 'joined', 'roleLevel', "roleLevel",
          ${DETAILS.map((field) => `${jsonKey(field)}, ${field.json}`).join(', ')}))
        FROM (SELECT * FROM listed LIMIT ${KEPT_MEMBERS}) AS kept_members)`;

/** All fields of the group: none was known. */
const FIELDS = ALL_FIELDS.map((field) =>
  field === MEMBER_COUNT ? fieldChange(field, '0', 'members') : fieldChange(field, 'NULL', field.json),
);

/**
 * Does the same as `RECONCILE_GROUP` for a complete snapshot of a group of which neither the group nor a member is known: each group of a
 * backfill. It writes nothing, and returns no row, for any other. There is nothing to compare, so it costs half.
 */
export const RECONCILE_NEW_GROUP: PreparedStatement = {
  name: 'reconcileNewGroup',
  text: `
  WITH change AS (
    SELECT ${SNAPSHOT_AS_OF} AS as_of
    WHERE NOT EXISTS (SELECT FROM groups WHERE group_id = $1) AND NOT EXISTS (SELECT FROM group_members WHERE group_id = $1)
  ),${SNAPSHOT_PAYLOAD},
  filling AS (
    SELECT info.*, change.as_of, "versionID", version, json_array_length(payload.members)::bigint AS members, "watchedSince"
    FROM change, payload, info
    WHERE verified AND whole AND complete AND info.status <> ${DISMISSED} AND json_array_length(payload.members) > 0
  ),
  written_group AS (
    INSERT INTO groups (group_id, ${columns(GROUP_FIELDS)}, create_time, member_count, as_of, created_as_of,
      synced_at, verified_at, full_snapshot_at, version_id, version, known_since, revision)
    SELECT $1, ${values(GROUP_FIELDS, 'filling')}, "createTime", members, as_of, least("createTime", as_of),
      now(), as_of, as_of, "versionID", version, as_of, 1
    FROM filling
    ON CONFLICT (group_id) DO NOTHING
    RETURNING 1
  ),
  written_members AS (
    INSERT INTO group_members (group_id, user_id, ${columns(MEMBER_FIELDS)}, valid_from, as_of, synced_at)
    SELECT $1, "userID", ${values(MEMBER_FIELDS, 'listed')}, as_of, as_of, now()
    FROM (SELECT count(*) FROM written_group) AS group_done, filling, listed
  ),
  drift AS (
    SELECT * FROM filling, LATERAL (VALUES (${unknownGroup('"createTime" > "watchedSince"', 'members')}, NULL::text[]))
      AS r(kind, applies, differences, missed_callbacks, summary, user_ids)
  ),
  ${record({
    revision: '1',
    kinds: "'{created,joined}'",
    asOf: 'as_of',
    content: differenceOf(FIELDS, JOINED, `nullif(greatest(members - ${KEPT_MEMBERS}, 0), 0)`),
    from: 'filling',
    ...ORIGIN,
  })}
  SELECT 'verified' AS outcome, false AS "needsFullSnapshot", members::integer + 1 AS differing, ${DRIFT_AS_ANSWER} AS drift
  FROM filling`,
};

import { andLogDelivery } from '../../deliveries/delivery-log.js';
import { DISMISSED } from '../../openim/constants.js';
import type { PreparedStatement } from '../../postgres/prepared-statement.js';
import { creationOverwrites, mergeChanges, mergedColumns } from './as-of.js';
import { KNOWN_AND_CHANGE } from './building-blocks.js';
import { columns, GROUP_FIELDS, type GroupFields, recordType, values } from './fields.js';
import { endedPeriods, memberChanges, OLD_COLUMNS, revisionStep, validFrom } from './member-changes.js';
import { ALL_FIELDS, recordChange } from './record-change.js';
import { STALE } from './stale.js';

/** The creation of a group. */
export interface GroupCreation extends GroupFields {
  groupID: string;
  memberCount: number;
  /** The members, each once. */
  userIDs: string[];
  /** Their roles, in the same order. */
  roleLevels: number[];
}

/** The payload as one row. */
export const CREATION_PAYLOAD = `SELECT * FROM json_to_record($2::json) AS t(${recordType(GROUP_FIELDS)}, "createTime" timestamptz,
      "memberCount" bigint, "userIDs" text[], "roleLevels" integer[])`;

/** The time as of which the creation of a group that is not known is true. */
export const CREATED_AS_OF = 'least(payload."createTime", change.as_of)';

const groupOverwritten = creationOverwrites('g.as_of', 'excluded.as_of');
const memberOverwritten = creationOverwrites('m.as_of', 'creation.as_of');
const GROUP_COLUMNS = GROUP_FIELDS.map(({ column }) => column);

/** Whether row `g` says what the creation says. */
const IS_EQUAL = `
      (${columns(GROUP_FIELDS, 'g')}, g.create_time, g.member_count)
      IS NOT DISTINCT FROM (${columns(GROUP_FIELDS, 'excluded')}, excluded.create_time, excluded.member_count)`;

/**
 * `creation`: the time as of which the creation is true; `begins_new_life`: the group was dismissed before, and its former members leave.
 * Normally that is `createTime`. Where callbacks named the group before, the creation is true before them. Repeated, it is true as of what
 * it was at first. No row, so that nothing is written, for a creation older than the known one and for a group that was read from OpenIM
 * since.
 */
const CREATION = `
  creation AS (
    SELECT CASE WHEN NOT known.was_dismissed THEN known.members_removed_at END AS members_removed_at,
      known.was_dismissed IS TRUE AS begins_new_life,
      CASE
        WHEN known.group_id IS NULL OR known.was_dismissed THEN ${CREATED_AS_OF}
        WHEN known.created_as_of IS NULL THEN least(payload."createTime", known.create_time - interval '1 microsecond')
        WHEN known.create_time = payload."createTime" THEN known.created_as_of
        ELSE ${CREATED_AS_OF}
      END AS as_of
    FROM change, payload LEFT JOIN (
      SELECT *, coalesce(status = ${DISMISSED} AND coalesce(members_removed_at, as_of) < (SELECT "createTime" FROM payload), false)
        AS was_dismissed
      FROM known
    ) AS known ON true
    WHERE (known.created_as_of IS NULL OR payload."createTime" >= known.create_time)
      AND (known.verified_at IS NULL OR payload."createTime" > known.create_time)
  )`;

/**
 * `listed`: the members in the payload. `later`: members whose rows are true as of later than the creation. `former`: members of a
 * dismissed group who are not listed. `delta`: the difference between the number of members here and that in the payload.
 */
const MEMBERS = `
  listed AS (
    SELECT l.user_id, l.role_level
    FROM payload, unnest(payload."userIDs", payload."roleLevels") AS l(user_id, role_level)
  ),
  later AS (
    SELECT m.user_id, m.left_at FROM creation, group_members m
    WHERE m.group_id = $1 AND NOT ${creationOverwrites('m.as_of', 'creation.as_of')}
  ),
  former AS (
    SELECT m.user_id, m.role_level, creation.as_of AS left_at FROM creation, group_members m
    WHERE creation.begins_new_life AND m.group_id = $1 AND m.left_at IS NULL
      AND ${creationOverwrites('m.as_of', 'creation.as_of')} AND m.user_id NOT IN (SELECT user_id FROM listed)
  ),
  delta AS (
    SELECT (SELECT count(*) FROM group_members
        WHERE group_id = $1 AND left_at IS NULL AND user_id NOT IN (SELECT user_id FROM listed)) - (SELECT count(*) FROM former)
      - (SELECT count(*) FROM later WHERE left_at IS NOT NULL AND user_id IN (SELECT user_id FROM listed)) AS members
  )`;

/** Writes the group. A row that says the same already is not written again: a repeated callback costs no new row version. */
const WRITTEN_GROUP = `
  written_group AS (
    INSERT INTO groups AS g (group_id, ${columns(GROUP_FIELDS)}, create_time, member_count, as_of, created_as_of, synced_at,
      last_callback_at, known_since, revision)
    SELECT $1, ${values(GROUP_FIELDS, 'payload')}, payload."createTime",
      CASE WHEN creation.members_removed_at IS NULL THEN greatest(payload."memberCount" + delta.members, 0) ELSE 0 END,
      creation.as_of, creation.as_of, now(), clock_timestamp(), creation.as_of, 1
    FROM payload, creation, delta
    ON CONFLICT (group_id) DO UPDATE SET
      ${mergedColumns(GROUP_COLUMNS, groupOverwritten)},
      create_time = excluded.create_time,
      member_count = excluded.member_count,
      as_of = greatest(g.as_of, excluded.as_of),
      created_as_of = excluded.created_as_of,
      members_removed_at = (SELECT members_removed_at FROM creation),
      synced_at = excluded.synced_at,
      last_callback_at = excluded.last_callback_at,
      known_since = coalesce(g.known_since, excluded.known_since),
      stale_since = CASE WHEN g.stale_reason IS DISTINCT FROM '${STALE.creation}' THEN g.stale_since END,
      stale_reason = nullif(g.stale_reason, '${STALE.creation}'),
      revision = g.revision + ${revisionStep(`g.created_as_of IS DISTINCT FROM excluded.created_as_of
        OR (g.create_time, g.member_count) IS DISTINCT FROM (excluded.create_time, excluded.member_count)
        OR ${mergeChanges(GROUP_COLUMNS, groupOverwritten)}`)}
    WHERE g.created_as_of IS NULL OR (${groupOverwritten} AND NOT (${IS_EQUAL})) OR g.member_count <> excluded.member_count
      OR EXISTS (SELECT FROM planned)
    RETURNING *
  )`;

/** `planned`: the new rows of the members that change. */
const PLANNED = `
  planned AS (
    SELECT * FROM (
      SELECT u.user_id,
        CASE WHEN m.as_of IS NULL OR ${memberOverwritten} OR m.role_level = 0 THEN u.role_level ELSE m.role_level END AS role_level,
        CASE WHEN m.as_of IS NULL OR ${memberOverwritten} THEN u.left_at ELSE m.left_at END AS left_at,
        CASE WHEN m.as_of IS NOT NULL AND NOT ${memberOverwritten} THEN m.left_cause WHEN u.left_at IS NOT NULL THEN 'dismissed' END AS left_cause,
        CASE WHEN NOT ${memberOverwritten} THEN m.left_reason END AS left_reason,
        m.nickname, m.face_url, m.ex, m.mute_end_time, ${OLD_COLUMNS}, m.left_at AS old_left_at
      FROM creation,
        (SELECT user_id, role_level, members_removed_at AS left_at FROM listed, creation UNION ALL TABLE former) AS u
        LEFT JOIN group_members m ON m.group_id = $1 AND m.user_id = u.user_id
    ) AS all_users
    WHERE NOT old_exists OR (role_level, left_at) IS DISTINCT FROM (old_role_level, old_left_at)
  )`;

/** Writes the members, after the group's row and in the order of their key: writers of one group cannot deadlock. */
const WRITTEN_MEMBERS = `
  group_done AS (SELECT count(*) AS rows FROM written_group),
  written_members AS (
    INSERT INTO group_members AS m (group_id, user_id, role_level, left_at, left_cause, left_reason, valid_from, as_of, synced_at)
    SELECT $1, planned.user_id, planned.role_level, planned.left_at, planned.left_cause, planned.left_reason,
      ${validFrom('creation.as_of')}, creation.as_of, now()
    FROM group_done, creation, planned
    ORDER BY planned.user_id COLLATE "C"
    ON CONFLICT (group_id, user_id) DO UPDATE SET
      role_level = excluded.role_level,
      left_at = excluded.left_at,
      left_cause = excluded.left_cause,
      left_reason = excluded.left_reason,
      valid_from = excluded.valid_from,
      as_of = greatest(m.as_of, excluded.as_of),
      synced_at = excluded.synced_at
  )`;

/**
 * Writes a group and its first members. Rows that later callbacks wrote are completed and keep what those reported. A member by an
 * earlier creation stays one, and is counted. A creation after a dismissal begins a new life of the group: its former members leave.
 */
export const CREATE_GROUP: PreparedStatement = {
  name: 'createGroup',
  text: `
  WITH ${KNOWN_AND_CHANGE},
  payload AS (${CREATION_PAYLOAD}),
  ${CREATION},
  ${MEMBERS},
  ${PLANNED},
  ${memberChanges()},
  ${WRITTEN_GROUP},
  ${WRITTEN_MEMBERS},
  ${endedPeriods('creation')},
  ${recordChange(ALL_FIELDS, { from: 'creation' })},
  ${andLogDelivery('SELECT rows > 0 AS changed FROM group_done')}`,
};

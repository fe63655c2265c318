import { andLog } from '../../deliveries/delivery-log.js';
import { BASE, STALE } from './building-blocks.js';
import { DISMISSED } from '../../openim/constants.js';
import { GROUP_FIELDS, GROUP_RECORD, type GroupFields } from './group-fields.js';

/** A group at its birth. */
export interface GroupCreation extends GroupFields {
  groupID: string;
  memberCount: number;
  /** The members, each once. */
  userIDs: string[];
  /** Of each of them, in the same order. */
  roleLevels: number[];
}

const COLUMNS = Object.keys(GROUP_FIELDS);

/** Whether the row says what the creation says. */
const SAME = `
      (${COLUMNS.map((column) => `g.${column}`).join(', ')}, g.create_time, g.member_count)
      IS NOT DISTINCT FROM (${COLUMNS.map((column) => `excluded.${column}`).join(', ')}, excluded.create_time, excluded.member_count)`;

/** Of a row that later callbacks wrote only what they did not tell. */
const COMPLETED = COLUMNS.map(
  (column) =>
    `${column} = CASE WHEN g.as_of <= excluded.as_of THEN excluded.${column} ELSE coalesce(g.${column}, excluded.${column}) END`,
).join(',\n      ');

/**
 * A creation is the first thing in the life of a group. So it is true as of its `createTime`, and before whatever else is
 * known where no creation was seen yet: it completes that, and brings nothing back. The same creation again is true as of
 * what it was at first; an older one than that which is known says nothing any more, nor does that of a group that was read from OpenIM since. A row that says the same already is not
 * written again: a repeated callback costs no new row versions. Who is a member by another creation stays one, and is counted.
 * A creation after the dismissal begins a new life: whoever was left of the former one has gone with the dismissal.
 *
 * Where neither the group nor a member of it is known, nobody else can write one before this commits: the group's row comes first. So its
 * members need neither an order nor a look for conflicts, which take as long again as the rows themselves.
 */
export const CREATE_GROUP = `
  WITH ${BASE},
  told AS (
    SELECT * FROM json_to_record($2::json) AS t(${GROUP_RECORD},
      "memberCount" bigint, "userIDs" text[], "roleLevels" integer[]
    )
  ),
  birth AS (
    SELECT CASE WHEN NOT known.ended THEN known.members_removed_at END AS members_removed_at,
      CASE WHEN known.ended THEN known.as_of END AS ended_at,
      CASE
        WHEN known.group_id IS NULL OR known.ended THEN least(told."createTime", moment.as_of)
        WHEN known.created_as_of IS NULL THEN least(told."createTime", known.create_time - interval '1 microsecond')
        WHEN known.create_time = told."createTime" THEN known.created_as_of
        ELSE least(told."createTime", moment.as_of)
      END AS as_of
    FROM moment, told LEFT JOIN (
      SELECT *, coalesce(status = ${DISMISSED} AND coalesce(members_removed_at, as_of) < (SELECT "createTime" FROM told), false) AS ended
      FROM known
    ) AS known ON true
    WHERE (known.created_as_of IS NULL OR told."createTime" >= known.create_time)
      AND (known.verified_at IS NULL OR told."createTime" > known.create_time)
  ),
  listed AS (
    SELECT l.user_id, l.role_level
    FROM told, unnest(told."userIDs", told."roleLevels") AS l(user_id, role_level)
  ),
  later AS (SELECT m.user_id, m.left_at FROM birth, group_members m WHERE m.group_id = $1 AND m.as_of > birth.as_of),
  former AS (
    SELECT m.user_id, m.role_level, birth.ended_at AS left_at FROM birth, group_members m
    WHERE birth.ended_at IS NOT NULL AND m.group_id = $1 AND m.left_at IS NULL AND m.as_of <= birth.as_of
      AND m.user_id NOT IN (SELECT user_id FROM listed)
  ),
  delta AS (
    SELECT (SELECT count(*) FROM group_members
        WHERE group_id = $1 AND left_at IS NULL AND user_id NOT IN (SELECT user_id FROM listed)) - (SELECT count(*) FROM former)
      - (SELECT count(*) FROM later WHERE left_at IS NOT NULL AND user_id IN (SELECT user_id FROM listed)) AS members
  ),
  written_group AS (
    INSERT INTO groups AS g (group_id, ${COLUMNS.join(', ')}, create_time, member_count, as_of, created_as_of, synced_at, last_callback_at)
    SELECT $1, ${Object.values(GROUP_FIELDS)
      .map((field) => `told.${field}`)
      .join(', ')}, told."createTime",
      CASE WHEN birth.members_removed_at IS NULL THEN greatest(told."memberCount" + delta.members, 0) ELSE 0 END,
      birth.as_of, birth.as_of, now(), clock_timestamp()
    FROM told, birth, delta
    ON CONFLICT (group_id) DO UPDATE SET
      ${COMPLETED},
      create_time = excluded.create_time,
      member_count = excluded.member_count,
      as_of = greatest(g.as_of, excluded.as_of),
      created_as_of = excluded.created_as_of,
      members_removed_at = (SELECT members_removed_at FROM birth),
      synced_at = excluded.synced_at,
      last_callback_at = excluded.last_callback_at,
      stale_since = CASE WHEN g.stale_reason IS DISTINCT FROM '${STALE.creation}' THEN g.stale_since END,
      stale_reason = nullif(g.stale_reason, '${STALE.creation}')
    WHERE g.created_as_of IS NULL OR (g.as_of <= excluded.as_of AND NOT (${SAME})) OR g.member_count <> excluded.member_count
    RETURNING 1
  ),
  group_done AS (SELECT count(*) AS rows FROM written_group),
  nobody AS (SELECT WHERE NOT EXISTS (SELECT FROM known) AND NOT EXISTS (SELECT FROM group_members WHERE group_id = $1)),
  first_members AS (
    INSERT INTO group_members (group_id, user_id, role_level, as_of, synced_at)
    SELECT $1, listed.user_id, listed.role_level, birth.as_of, now()
    FROM group_done, birth, listed, nobody
  ),
  written_members AS (
    INSERT INTO group_members AS m (group_id, user_id, role_level, left_at, left_cause, as_of, synced_at)
    SELECT $1, all_users.user_id, all_users.role_level, all_users.left_at,
      CASE WHEN all_users.left_at IS NOT NULL THEN 'dismissed' END, birth.as_of, now()
    FROM group_done, birth, (SELECT user_id, role_level, members_removed_at AS left_at FROM listed, birth UNION ALL TABLE former) AS all_users
    WHERE NOT EXISTS (SELECT FROM nobody)
    ORDER BY all_users.user_id COLLATE "C"
    ON CONFLICT (group_id, user_id) DO UPDATE SET
      role_level = CASE WHEN m.as_of <= excluded.as_of OR m.role_level = 0 THEN excluded.role_level ELSE m.role_level END,
      left_at = CASE WHEN m.as_of <= excluded.as_of THEN excluded.left_at ELSE m.left_at END,
      left_cause = CASE WHEN m.as_of <= excluded.as_of THEN excluded.left_cause ELSE m.left_cause END,
      left_reason = CASE WHEN m.as_of <= excluded.as_of THEN NULL ELSE m.left_reason END,
      as_of = greatest(m.as_of, excluded.as_of),
      synced_at = excluded.synced_at
    WHERE (m.role_level = 0 AND excluded.role_level <> 0)
      OR (m.as_of <= excluded.as_of AND (m.role_level, m.left_at) IS DISTINCT FROM (excluded.role_level, excluded.left_at))
    RETURNING 1
  ),
  ${andLog('SELECT (SELECT rows FROM group_done) + (SELECT count(*) FROM written_members) > 0 AS changed')}`;

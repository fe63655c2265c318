import { RoleLevel } from '../../openim/constants.js';
import { CACHE_WINDOW_S } from '../../openim/timing.js';
import { isAheadOfClock, snapshotOverwrites } from './as-of.js';
import { atRepeatableRead } from './building-blocks.js';
import { type Field, GROUP_FIELDS, MEMBER_FIELDS, recordType } from './fields.js';

/** More members than these, and more than this part of all, leave only where two snapshots agree. */
const MANY = 50;
const LARGE_PART = 0.3;

const [, ...MEMBER_DETAILS] = MEMBER_FIELDS as [Field, ...Field[]];

/** When the snapshot began. */
export const SNAPSHOT_AS_OF = atRepeatableRead('$3::timestamptz');

/** `payload`: the snapshot. `info`: the group in it, if it has changed. `listed`: its members. */
export const SNAPSHOT_PAYLOAD = `
  payload AS (
    SELECT * FROM json_to_record($2::json) AS t("versionID" text, version bigint, verified boolean, whole boolean, complete boolean,
      reason text, confirmed boolean, "watchedSince" timestamptz, info json, members json, "left" json)
  ),
  info AS (
    SELECT i.* FROM payload, json_to_record(payload.info) AS i(${recordType(GROUP_FIELDS)}, "createTime" timestamptz, "memberCount" bigint)
    WHERE payload.info IS NOT NULL
  ),
  listed AS (
    SELECT l.* FROM payload, json_to_recordset(payload.members) AS l("userID" text, ${recordType(MEMBER_FIELDS)})
  )`;

/** `change`: when the snapshot began. `known`: the group's row. `listed_as_left`: one row with the userIDs of those who left. */
export const SNAPSHOT = `
  change AS (SELECT ${SNAPSHOT_AS_OF} AS as_of),
  known AS (SELECT * FROM groups WHERE group_id = $1),${SNAPSHOT_PAYLOAD},
  listed_as_left AS (
    SELECT coalesce(array_agg(u), '{}') AS user_ids FROM payload, json_array_elements_text(payload."left") AS u
  )`;

/**
 * One row for each user who is in the snapshot or in the rows, with both states side by side, and what the ordering rule says of the row.
 * A FULL JOIN: PostgreSQL never does it row by row, though it does not know how long the list is.
 */
export const COMPARED = `
  compared AS (
    SELECT coalesce(l."userID", m.user_id) AS user_id,
      l."userID" IS NOT NULL AS is_listed,
      m.user_id IS NOT NULL AS was_known,
      m.user_id IS NOT NULL AND m.left_at IS NULL AS was_member,
      m.valid_from AS old_valid_from,
      coalesce(${snapshotOverwrites('m.as_of', 'change.as_of')}, true) AS is_overwritten,
      coalesce(${snapshotOverwrites(
        'm.as_of',
        `greatest(change.as_of - interval '${CACHE_WINDOW_S} seconds', known.verified_at)`,
      )}, true) AS is_past_caches,
      m.user_id IS NOT NULL AND NOT payload.whole AND l."userID" IS NULL AND NOT m.user_id = ANY (listed_as_left.user_ids)
        AND m.as_of > known.verified_at AND m.as_of <= change.as_of AS contradicts_callback,
      l."userID" IS NULL AND (payload.complete OR m.user_id = ANY (listed_as_left.user_ids)) AS is_absent,
      coalesce(known.owner_user_id <> info."ownerUserID", false) AS has_other_owner,
      ${MEMBER_FIELDS.map(({ column, json }) => `m.${column} AS old_${column}, l.${json} AS new_${column}`).join(',\n      ')}
    FROM listed l FULL JOIN (SELECT * FROM group_members WHERE group_id = $1) m ON m.user_id = l."userID"
    CROSS JOIN change CROSS JOIN payload CROSS JOIN listed_as_left LEFT JOIN known ON true LEFT JOIN info ON true
  )`;

/**
 * What happens to each user: joins, leaves, has another role or other details, is written. `is_too_recent`: a callback within the window
 * of OpenIM's caches reported otherwise, and stands.
 */
export const CHANGES = `
  changes AS (
    SELECT *,
      is_past_caches AND is_listed AND NOT was_member AS joins,
      is_past_caches AND is_absent AND was_member AS leaves,
      is_overwritten AND NOT is_past_caches AND ((is_listed AND NOT was_member) OR (is_absent AND was_member)) AS is_too_recent,
      is_overwritten AND is_listed AND was_member AND old_role_level NOT IN (0, new_role_level)
        AND NOT (has_other_owner AND ${RoleLevel.Owner} IN (old_role_level, new_role_level)) AS has_other_role,
      is_overwritten AND is_listed AND was_member AND (
        nullif(old_nickname, '') <> new_nickname OR nullif(old_face_url, '') <> new_face_url OR nullif(old_ex, '') <> new_ex
        OR old_mute_end_time <> new_mute_end_time) IS TRUE AS has_other_details,
      is_overwritten AND is_listed AND ((is_past_caches AND NOT was_member) OR was_member
        AND (old_role_level, ${MEMBER_DETAILS.map(({ column }) => `old_${column}`).join(', ')})
        IS DISTINCT FROM (new_role_level, ${MEMBER_DETAILS.map(({ column }) => `new_${column}`).join(', ')})) AS is_written
    FROM compared
  )`;

/** The first five of some users, sorted, and the number of the others. */
const names = (which: string): string => `
      array_to_string((array_agg(user_id ORDER BY user_id) FILTER (WHERE ${which}))[1:5], ', ')
        || CASE WHEN count(*) FILTER (WHERE ${which}) > 5
          THEN ' and ' || count(*) FILTER (WHERE ${which}) - 5 || ' more' ELSE '' END`;

/** Maximum number of users in a drift: by them late callbacks are distinguished from lost ones. */
const KEPT_USERS = 50;
const users = (which: string): string =>
  `coalesce((array_agg(user_id ORDER BY user_id) FILTER (WHERE ${which}))[1:${KEPT_USERS}], '{}')`;

/**
 * One row: the number of members, of each kind of change, and the users of each. `joining_directly`: those who joined without an
 * invitation or approval, for which OpenIM sends a callback.
 */
export const COUNTED = `
  counted AS (
    SELECT count(*) FILTER (WHERE was_member) AS members,
      count(*) FILTER (WHERE joins) AS joining,
      count(*) FILTER (WHERE joins AND new_join_source = 0) AS joining_directly,
      count(*) FILTER (WHERE leaves) AS leaving,
      count(*) FILTER (WHERE has_other_role) AS other_roles,
      count(*) FILTER (WHERE has_other_details) AS other_details,
      coalesce(bool_or(contradicts_callback), false) AS contradicts_callback,
      coalesce(bool_or(is_too_recent), false) AS is_too_recent,
      ${names('joins')} AS joining_names, ${names('leaves')} AS leaving_names,
      ${names('has_other_role')} AS role_names, ${names('has_other_details')} AS details_names,
      ${users('joins AND new_join_source = 0')} AS joining_users, ${users('leaves')} AS leaving_users,
      ${users('has_other_role')} AS role_users
    FROM changes
  )`;

/**
 * One row: whether a later snapshot was written, whether many members would leave, and whether a delta is not enough: it contradicts a
 * callback, or the number of members in OpenIM is another one.
 */
export const VERDICT = `
  verdict AS (
    SELECT coalesce(known.verified_at > change.as_of AND NOT ${isAheadOfClock('known.verified_at')}, false) AS is_outdated,
      counted.leaving > ${MANY} AND counted.leaving > counted.members * ${LARGE_PART} AND NOT payload.confirmed AS needs_confirmation,
      counted.is_too_recent,
      NOT payload.whole AND (
        counted.contradicts_callback
        OR (payload.info IS NULL AND coalesce(known.as_of > known.verified_at, false))
        OR coalesce(info."memberCount" <> counted.members + counted.joining - counted.leaving, false)
      ) AS needs_full_snapshot
    FROM counted, change, payload LEFT JOIN known ON true LEFT JOIN info ON true
  )`;

import { DISMISSED, RoleLevel } from '../../openim/constants.js';
import type { GroupMemberInfo } from '../../openim/openim-answers.js';
import { atRepeatableRead, isAhead, laterAsOf, MEMBER, STALE, WRITTEN_MEMBERS } from './building-blocks.js';
import { GROUP_FIELDS, GROUP_RECORD, type GroupFields } from './group-fields.js';

/** A group as OpenIM's REST API shows it. The times are texts for PostgreSQL's timestamptz. */
export interface GroupSnapshot {
  /** Its version log and the version that the reading is of; null where OpenIM has none: the group is dismissed. */
  versionID: string | null;
  version: number | null;
  /** Whether the reading agrees with itself, and so can be believed to be the whole truth. */
  verified: boolean;
  /** Whether the whole list was read, and not only what changed. */
  whole: boolean;
  /** Whether `members` are all: then whoever is not among them has left. */
  complete: boolean;
  /** Why it cannot be believed to be the whole truth; null where it can. */
  reason: string | null;
  /** Whether a second snapshot said the same: then many may leave at once. */
  confirmed: boolean;
  /** A group that was created later, and is not known, is one whose callback was lost; null: none can be told from an older one. */
  watchedSince: string | null;
  /** Absent where it did not change since the last reading. */
  info?: GroupFields & { memberCount: number };
  /** All, or those that changed since the last reading. Each user once. */
  members: GroupMemberInfo[];
  /** Who left since the last reading. */
  left: string[];
}

/** Differences of one kind, with a sentence for staff. */
export interface Drift {
  kind: string;
  differences: number;
  summary: string;
}

/** Outcome of writing a snapshot. */
export interface Reconciled {
  /**
   * `verified`: the group was as the reading says, or is now; `unverified`: what can be believed was written; `needsConfirmation`:
   * nothing was, since many would leave; `outdated`: nothing was, since something later was read; `unsettled`: OpenIM does not show, yet or any
   * more, who came or left by a callback of a moment ago, and that stays as the callback told it.
   */
  outcome: 'verified' | 'unverified' | 'needsConfirmation' | 'outdated' | 'tooRecent';
  /**
   * Whether what changed does not lead from what is known to what OpenIM counts, or a callback told something else than it: only
   * a whole reading can tell what is true. Never of a whole one.
   */
  needsFullSnapshot: boolean;
  /** How many rows are, or would be, written because they say something else. */
  differing: number;
  /** What differed of what was known before. */
  drift: Drift[];
}

/** More members than these, and this part of all, do not leave on the word of one reading. */
const MANY = 50;
const LARGE_PART = 0.3;
/**
 * For so long after a callback OpenIM's caches may still be of before it: it deletes them inside the transaction, before the commit
 * (pkg/common/storage/controller/group.go), so that a reader at that moment fills them with what was.
 */
export const SETTLED_S = 5;

const COLUMNS = Object.keys(GROUP_FIELDS);

/** What a callback about the group's info would have told. */
const INFO = [
  'group_name',
  'notification',
  'introduction',
  'face_url',
  'ex',
  'need_verification',
  'look_member_info',
  'apply_member_friend',
] as const;

/** The first five of some users by name, and how many more. */
const names = (which: string): string => `
      array_to_string((array_agg(user_id ORDER BY user_id) FILTER (WHERE ${which}))[1:5], ', ')
        || CASE WHEN count(*) FILTER (WHERE ${which}) > 5
          THEN ' and ' || count(*) FILTER (WHERE ${which}) - 5 || ' more' ELSE '' END`;

/** Users of whom it is kept that they differed, of one drift: by them late callbacks are told from lost ones. */
const USERS_KEPT = 50;
const users = (which: string): string =>
  `coalesce((array_agg(user_id ORDER BY user_id) FILTER (WHERE ${which}))[1:${USERS_KEPT}], '{}')`;

const FACTS = ['role_level', ...MEMBER.slice(4)];
const FIELDS: Readonly<Record<string, string>> = {
  role_level: '"roleLevel"',
  nickname: 'nickname',
  face_url: '"faceURL"',
  ex: 'ex',
  join_source: '"joinSource"',
  inviter_user_id: '"inviterUserID"',
  join_time: '"joinTime"',
  mute_end_time: '"muteEndTime"',
};

const since = (time: string): string => `coalesce(${time} > excluded.as_of AND NOT ${isAhead(time)}, false)`;

/** A callback came since, or another reading follows. */
const STILL_STALE = `WHEN (SELECT unexplained OR unsettled FROM verdict)
          OR (excluded.verified_at IS NOT NULL AND (${since('g.last_callback_at')} OR ${since('g.stale_since')}))`;

/**
 * Makes a group what a reading of OpenIM says, as of $3, the moment at which the reading began. Each row about which something
 * later is known stays. Nobody leaves but by a complete reading or where OpenIM says so, and not many at once by one reading
 * (`needsConfirmation`). A reading that began before the last one that was believed says nothing (`outdated`).
 * What differs from what was known is a repair, written beside it. What was not known is none: a field that no callback had
 * told yet. Of a group that was not known it is one repair: `group`, or `filled` where the group is older than the mirror.
 * The members are compared by FULL JOIN, which PostgreSQL never does row by row: it knows nothing of a list's length.
 */
export const RECONCILE_GROUP = `
  WITH moment AS (SELECT ${atRepeatableRead('$3::timestamptz')} AS as_of),
  known AS (SELECT * FROM groups WHERE group_id = $1),
  told AS (
    SELECT * FROM json_to_record($2::json) AS t(
      "versionID" text, version bigint, verified boolean, whole boolean, complete boolean, reason text, confirmed boolean,
      "watchedSince" timestamptz, info json, members json, "left" json
    )
  ),
  info AS (SELECT i.* FROM told, json_to_record(told.info) AS i(${GROUP_RECORD}, "memberCount" bigint) WHERE told.info IS NOT NULL),
  listed AS (
    SELECT l.* FROM told, json_to_recordset(told.members) AS l(
      "userID" text, "roleLevel" integer, nickname text, "faceURL" text, ex text, "joinSource" integer, "inviterUserID" text,
      "joinTime" timestamptz, "muteEndTime" timestamptz
    )
  ),
  told_left AS (SELECT coalesce(array_agg(u), '{}') AS user_ids FROM told, json_array_elements_text(told."left") AS u),
  compared AS (
    SELECT coalesce(l."userID", m.user_id) AS user_id,
      l."userID" IS NOT NULL AS listed,
      m.user_id IS NOT NULL AND m.left_at IS NULL AS was_in,
      coalesce(m.as_of <= moment.as_of OR ${isAhead('m.as_of')}, true) AS current,
      coalesce(m.as_of <= greatest(moment.as_of - interval '${SETTLED_S} seconds', known.verified_at) OR ${isAhead('m.as_of')}, true)
        AS settled,
      m.user_id IS NOT NULL AND NOT told.whole AND l."userID" IS NULL AND NOT m.user_id = ANY (told_left.user_ids)
        AND m.as_of > known.verified_at AND m.as_of <= moment.as_of AS unexplained,
      l."userID" IS NULL AND (told.complete OR m.user_id = ANY (told_left.user_ids)) AS absent,
      coalesce(known.owner_user_id <> info."ownerUserID", false) AS other_owner,
      ${FACTS.map((fact) => `m.${fact} AS old_${fact}, l.${FIELDS[fact]} AS new_${fact}`).join(',\n      ')}
    FROM listed l FULL JOIN (SELECT * FROM group_members WHERE group_id = $1) m ON m.user_id = l."userID"
    CROSS JOIN moment CROSS JOIN told CROSS JOIN told_left LEFT JOIN known ON true LEFT JOIN info ON true
  ),
  differing AS (
    SELECT *,
      settled AND listed AND NOT was_in AS comes,
      settled AND absent AND was_in AS goes,
      current AND NOT settled AND ((listed AND NOT was_in) OR (absent AND was_in)) AS unsettled,
      current AND listed AND was_in AND old_role_level NOT IN (0, new_role_level)
        AND NOT (other_owner AND ${RoleLevel.Owner} IN (old_role_level, new_role_level)) AS other_role,
      current AND listed AND was_in AND (
        nullif(old_nickname, '') <> new_nickname OR nullif(old_face_url, '') <> new_face_url OR nullif(old_ex, '') <> new_ex
        OR old_mute_end_time <> new_mute_end_time) IS TRUE AS other_facts,
      current AND listed AND ((settled AND NOT was_in) OR was_in AND (${FACTS.map((fact) => `old_${fact}`).join(', ')})
        IS DISTINCT FROM (${FACTS.map((fact) => `new_${fact}`).join(', ')})) AS written
    FROM compared
  ),
  counted AS (
    SELECT count(*) FILTER (WHERE was_in) AS members,
      count(*) FILTER (WHERE comes) AS coming,
      count(*) FILTER (WHERE comes AND new_join_source = 0) AS coming_directly,
      count(*) FILTER (WHERE goes) AS going,
      count(*) FILTER (WHERE other_role) AS other_roles,
      count(*) FILTER (WHERE other_facts) AS other_facts,
      coalesce(bool_or(unexplained), false) AS unexplained,
      coalesce(bool_or(unsettled), false) AS unsettled,
      ${names('comes')} AS who_come, ${names('goes')} AS who_go,
      ${names('other_role')} AS whose_role, ${names('other_facts')} AS whose_facts,
      ${users('comes AND new_join_source = 0')} AS direct_users, ${users('goes')} AS gone_users, ${users('other_role')} AS role_users
    FROM differing
  ),
  verdict AS (
    SELECT coalesce(known.verified_at > moment.as_of AND NOT ${isAhead('known.verified_at')}, false) AS outdated,
      counted.going > ${MANY} AND counted.going > counted.members * ${LARGE_PART} AND NOT told.confirmed AS held,
      counted.unsettled,
      NOT told.whole AND (
        counted.unexplained
        OR (told.info IS NULL AND coalesce(known.as_of > known.verified_at, false))
        OR coalesce(info."memberCount" <> counted.members + counted.coming - counted.going, false)
      ) AS unexplained
    FROM counted, moment, told LEFT JOIN known ON true LEFT JOIN info ON true
  ),
  proceeding AS (
    SELECT told.verified AND NOT verdict.unexplained AND NOT verdict.unsettled AS confirmed
    FROM verdict, told WHERE NOT outdated AND NOT held AND (told.info IS NOT NULL OR EXISTS (SELECT FROM known))
  ),
  written_group AS (
    INSERT INTO groups AS g (group_id, ${COLUMNS.join(', ')}, create_time, member_count, as_of, created_as_of, members_removed_at, synced_at,
      verified_at, full_snapshot_at, version_id, version, stale_since, stale_reason)
    SELECT $1, ${Object.values(GROUP_FIELDS)
      .map((field) => `info.${field}`)
      .join(', ')}, coalesce(info."createTime", known.create_time),
      counted.members + counted.coming - counted.going, moment.as_of,
      CASE WHEN proceeding.confirmed AND told.info IS NOT NULL THEN least(info."createTime", moment.as_of) END,
      CASE WHEN info.status = ${DISMISSED} AND told.complete AND NOT EXISTS (SELECT FROM listed) THEN moment.as_of END,
      now(), CASE WHEN proceeding.confirmed THEN moment.as_of END, CASE WHEN told.whole THEN moment.as_of END,
      told."versionID", told.version,
      CASE WHEN NOT proceeding.confirmed THEN now() END,
      CASE WHEN NOT proceeding.confirmed THEN '${STALE.unread}' || coalesce(': ' || told.reason, '') END
    FROM proceeding, counted, moment, told LEFT JOIN known ON true LEFT JOIN info ON true
    ON CONFLICT (group_id) DO UPDATE SET
      ${COLUMNS.map(
        (column) => `${column} = CASE WHEN g.as_of <= excluded.as_of OR ${isAhead('g.as_of')}
        THEN coalesce(excluded.${column}, g.${column}) ELSE coalesce(g.${column}, excluded.${column}) END`,
      ).join(',\n      ')},
      create_time = excluded.create_time,
      member_count = excluded.member_count,
      as_of = CASE WHEN excluded.status IS NULL THEN g.as_of ELSE ${laterAsOf('g')} END,
      created_as_of = coalesce(g.created_as_of, excluded.created_as_of),
      members_removed_at = CASE WHEN (g.as_of > excluded.as_of AND NOT ${isAhead('g.as_of')}) OR excluded.status IS NULL THEN g.members_removed_at
        WHEN excluded.members_removed_at IS NOT NULL THEN coalesce(g.members_removed_at, excluded.members_removed_at)
        WHEN excluded.status = ${DISMISSED} THEN g.members_removed_at END,
      synced_at = excluded.synced_at,
      last_callback_at = CASE WHEN ${isAhead('g.last_callback_at')} THEN excluded.as_of ELSE g.last_callback_at END,
      verified_at = coalesce(excluded.verified_at, g.verified_at),
      full_snapshot_at = coalesce(excluded.full_snapshot_at, g.full_snapshot_at),
      version_id = CASE WHEN excluded.verified_at IS NULL THEN g.version_id ELSE excluded.version_id END,
      version = CASE WHEN excluded.verified_at IS NULL THEN g.version ELSE excluded.version END,
      stale_since = CASE ${STILL_STALE} THEN g.stale_since
        WHEN excluded.verified_at IS NULL THEN coalesce(g.stale_since, excluded.stale_since) END,
      stale_reason = CASE ${STILL_STALE} THEN g.stale_reason
        WHEN excluded.verified_at IS NULL THEN excluded.stale_reason END
    RETURNING 1
  ),
  planned AS (
    SELECT user_id,
      ${FACTS.map((fact) => `CASE WHEN listed THEN new_${fact} ELSE old_${fact} END AS ${fact}`).join(',\n      ')},
      CASE WHEN NOT listed THEN moment.as_of END AS left_at,
      CASE WHEN NOT listed AND (SELECT status = ${DISMISSED} FROM info) THEN 'dismissed' END AS left_cause,
      NULL AS left_reason
    FROM proceeding, moment, differing
    WHERE written OR goes
  ),
  ${WRITTEN_MEMBERS},
  differences AS (
    SELECT known.verified_at IS NOT NULL OR known.created_as_of IS NOT NULL AS was_known,
      known_before AND known.status <> info.status AS other_status,
      known_before AND known.owner_user_id <> info."ownerUserID" AND info."ownerUserID" <> '' AS other_owner,
      CASE WHEN known_before THEN array_remove(ARRAY[${INFO.map(
        (column) =>
          `CASE WHEN known.${column} <> info.${GROUP_FIELDS[column]} THEN '${GROUP_FIELDS[column].replaceAll('"', '')}' END`,
      ).join(', ')}], NULL) ELSE '{}' END AS fields,
      (${[...COLUMNS, 'create_time', 'member_count'].map((column) => `known.${column}`).join(', ')}) IS DISTINCT FROM
        (${[...Object.values(GROUP_FIELDS), '"createTime"', '"memberCount"'].map((field) => `info.${field}`).join(', ')})
        AND info."createTime" IS NOT NULL AS other_group,
      known.status AS old_status, info.status AS new_status, info."ownerUserID" AS owner, info."createTime" AS create_time
    FROM moment LEFT JOIN known ON true LEFT JOIN info ON true
    CROSS JOIN LATERAL (SELECT known.as_of <= moment.as_of OR ${isAhead('known.as_of')}) AS k(known_before)
  ),
  drift AS (
    SELECT r.* FROM proceeding, differences d, counted c, told, LATERAL (VALUES
      (CASE WHEN create_time > told."watchedSince" THEN 'group' ELSE 'filled' END, NOT was_known, 1,
        (create_time > told."watchedSince")::integer, 'the group, with ' || c.members + c.coming - c.going || ' members', NULL::text[]),
      ('info', was_known, cardinality(fields), 1, array_to_string(fields, ', ') || ' had changed', NULL),
      ('dismissed', was_known AND other_status AND new_status = ${DISMISSED}, 1, 1, 'it had been dismissed', NULL),
      ('status', was_known AND other_status AND new_status <> ${DISMISSED}, 1, 0,
        'its status had changed from ' || old_status || ' to ' || new_status, NULL),
      ('owner', was_known AND other_owner, 1, 1, owner || ' had become the owner', NULL),
      ('joined', was_known, c.coming, c.coming_directly, who_come || ' had come in', direct_users),
      ('left', was_known, c.going, CASE WHEN other_status AND new_status = ${DISMISSED} THEN 0 ELSE 1 END,
        who_go || ' had gone', gone_users),
      ('role', was_known, c.other_roles, c.other_roles, 'another role: ' || whose_role, role_users),
      ('member', was_known, c.other_facts, 0, 'other facts: ' || whose_facts, NULL)
    ) AS r(kind, applies, differences, missed_callbacks, summary, user_ids)
    WHERE r.applies AND r.differences > 0
  ),
  logged AS (
    INSERT INTO group_drifts (id, group_id, found_at, kind, differences, missed_callbacks, summary, user_ids)
    SELECT gen_random_uuid(), $1, date_trunc('milliseconds', clock_timestamp()), kind, differences, coalesce(missed_callbacks, 0), summary,
      CASE WHEN missed_callbacks > 0 THEN user_ids END
    FROM drift
  )
  SELECT
    CASE WHEN outdated THEN 'outdated' WHEN held THEN 'needsConfirmation' WHEN (SELECT confirmed FROM proceeding) THEN 'verified'
      WHEN unsettled THEN 'tooRecent' ELSE 'unverified' END AS outcome,
    unexplained AS "needsFullSnapshot",
    (SELECT count(*) FROM planned)::integer + coalesce((SELECT other_group FROM differences), false)::integer AS differing,
    (SELECT coalesce(json_agg(json_build_object('kind', kind, 'differences', differences, 'summary', summary)), '[]')
      FROM drift) AS drift
  FROM verdict`;

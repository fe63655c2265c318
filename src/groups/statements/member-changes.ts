/** CTEs by which a statement says which members it changes, and how. */
import { type Field, jsonKey, MEMBER_FIELDS } from './fields.js';

/** Maximum number of members in a change. */
export const KEPT_MEMBERS = 1000;

/** The fields of a member beside the role whose changes are recorded. */
export const DETAILS = MEMBER_FIELDS.filter(({ column }) =>
  ['nickname', 'face_url', 'ex', 'mute_end_time'].includes(column),
);

/** Whether row `m` of a user, which may be missing, says that the user is a member. */
export const IS_MEMBER = 'm.user_id IS NOT NULL AND m.left_at IS NULL';

const OLD: Readonly<Record<string, string>> = {
  old_exists: 'm.user_id IS NOT NULL',
  old_is_member: IS_MEMBER,
  old_valid_from: 'm.valid_from',
  ...Object.fromEntries(
    ['role_level', ...DETAILS.map(({ column }) => column)].map((column) => [`old_${column}`, `m.${column}`]),
  ),
};

/** For `planned`: what row `m` of the member says before the change. */
export const OLD_COLUMNS = Object.entries(OLD)
  .map(([name, value]) => `${value} AS ${name}`)
  .join(', ');

/** The names of these columns. */
export const OLD_NAMES = Object.keys(OLD).join(', ');

/** Whether a detail of a member differs. A detail that was not known is the same as an empty one. */
const detailDiffers = ({ column, type }: Field): string => {
  const empty = type === 'timestamptz' ? "'epoch'" : "''";
  return `coalesce(${column}, ${empty}) <> coalesce(old_${column}, ${empty})`;
};

/**
 * `member_changes`: the members in `planned`, which has `OLD_COLUMNS`, whose state changes. `member_summary`: one row with their number, the
 * kinds of change, and the first 1,000 as JSON.
 * @param details the details that the statement may change
 */
export const memberChanges = (details: readonly Field[] = DETAILS): string => `
  member_changes AS (
    SELECT * FROM (
      SELECT *,
        CASE
          WHEN left_at IS NULL AND NOT old_is_member THEN 'joined'
          WHEN left_at IS NOT NULL AND (old_is_member OR NOT old_exists) THEN 'left'
          WHEN left_at IS NULL AND role_level <> old_role_level THEN 'role'${
            details.length === 0
              ? ''
              : `
          WHEN left_at IS NULL AND (${details.map(detailDiffers).join(' OR ')}) THEN 'member'`
          }
        END AS change_kind
      FROM planned
    ) AS planned_members
    WHERE change_kind IS NOT NULL
  ),
  member_summary AS (
    SELECT count(*) AS changed,
      coalesce(array_agg(DISTINCT change_kind), '{}') AS kinds,
      (SELECT jsonb_agg(jsonb_build_object(
          ${[
            "'userID', user_id",
            "'kind', change_kind",
            "'roleLevel', role_level",
            "'formerRoleLevel', CASE WHEN change_kind = 'role' THEN old_role_level END",
            "'cause', CASE WHEN change_kind = 'left' THEN left_cause END",
            ...details.map(
              (field) =>
                `${jsonKey(field)}, CASE WHEN change_kind = 'joined' OR (change_kind <> 'left' AND ${detailDiffers(field)}) THEN ${field.column} END`,
            ),
          ].join(',\n          ')}
        )) FROM (SELECT * FROM member_changes LIMIT ${KEPT_MEMBERS}) AS kept_members) AS members
    FROM member_changes
  )`;

/** For the statements that change no member. */
export const NO_MEMBER_CHANGES = `
  member_summary AS (SELECT 0 AS changed, '{}'::text[] AS kinds, NULL::jsonb AS members)`;

/**
 * What is added to the revision of the group: 1 where something changes, else 0.
 * @param changesGroup a condition: whether a field of the group changes
 */
export const revisionStep = (changesGroup: string): string =>
  `((SELECT changed > 0 FROM member_summary) OR ${changesGroup})::integer`;

/** For the row of a member in `planned`: since when the user is, or was, a member with this role. A role that was not known was this one. */
export const validFrom = (asOf: string): string =>
  `CASE WHEN old_exists AND (planned.left_at IS NOT NULL OR (old_is_member AND (planned.role_level = old_role_level OR old_role_level = 0)))
        THEN old_valid_from ELSE ${asOf} END`;

/**
 * `ended_periods`: the memberships of `member_changes` that ended, or went on with another role, up to when they did.
 * @param from the CTE with the time of the change, which is `left_at` of the members who leave
 */
export const endedPeriods = (from = 'change'): string => `
  ended_periods AS (
    INSERT INTO group_member_periods (group_id, user_id, role_level, valid_from, valid_to, how)
    SELECT $1, user_id, old_role_level, old_valid_from, ${from}.as_of, CASE change_kind WHEN 'left' THEN left_cause ELSE 'role' END
    FROM ${from}, member_changes
    WHERE old_is_member AND (change_kind = 'left' OR (change_kind = 'role' AND old_role_level <> 0)) AND old_valid_from < ${from}.as_of
    ON CONFLICT DO NOTHING
  )`;

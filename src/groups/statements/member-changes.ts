/** CTEs by which a statement says which members it changes, and how. */
import { type Field, jsonKey, MEMBER_FIELDS } from './fields.js';

/** Maximum number of members in a change. */
export const KEPT_MEMBERS = 1000;

/** The fields of a member beside the role whose changes are recorded. */
export const DETAILS = MEMBER_FIELDS.filter(({ column }) =>
  ['nickname', 'face_url', 'ex', 'mute_end_time'].includes(column),
);

const OLD: Readonly<Record<string, string>> = {
  old_exists: 'm.user_id IS NOT NULL',
  old_is_member: 'm.user_id IS NOT NULL AND m.left_at IS NULL',
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

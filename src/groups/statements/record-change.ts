/**
 * The CTE by which each statement records what it changed, in the transaction of the change. The group's row has the number of its last
 * change (`revision`): the lock of that row orders the changes, and groups share nothing.
 *
 * Functions of JSON cost more than the row that is written: a statement compares only the fields that it can change.
 */
import { POSITION } from '../../changes/feed-order.js';
import { DISMISSED } from '../../openim/constants.js';
import { type Field, GROUP_FIELDS, GROUP_INFO_FIELDS, jsonKey } from './fields.js';
import { KEPT_MEMBERS } from './member-changes.js';

const byColumn = (column: string): Field => GROUP_FIELDS.find((field) => field.column === column)!;

export const OWNER = byColumn('owner_user_id');
export const STATUS = byColumn('status');
export const MEMBER_COUNT: Field = { column: 'member_count', json: '"memberCount"', type: 'integer' };
const CREATE_TIME: Field = { column: 'create_time', json: '"createTime"', type: 'timestamptz' };
export const ALL_FIELDS: readonly Field[] = [...GROUP_FIELDS, CREATE_TIME, MEMBER_COUNT];

/** The value of a field in a row. The creation time is not known before the creation, though the row has a time. */
const value = (row: 'known' | 'written_group', field: Field): string =>
  field === CREATE_TIME
    ? `CASE WHEN ${row}.created_as_of IS NOT NULL THEN ${row}.create_time END`
    : `${row}.${field.column}`;

/** For `differenceOf`: a change of a field, where it changes. */
export const fieldChange = (field: Field, before: string, after: string): string =>
  `${jsonKey(field)}, CASE WHEN ${before} IS DISTINCT FROM ${after} THEN jsonb_build_array(${before}, ${after}) END`;

/** The content of a change (`GroupDifference`). */
export const differenceOf = (
  fieldChanges: readonly string[],
  members = 'NULL',
  moreMembers = 'NULL',
): string => `
      jsonb_strip_nulls(jsonb_build_object(
        'group', jsonb_build_object(
          ${fieldChanges.join(',\n          ')}
        ),
        'members', ${members},
        'moreMembers', ${moreMembers}
      ))`;

/** The kinds of change of the group itself, as an array. */
function kindsOf(fields: readonly Field[]): string {
  const has = (column: string): boolean => fields.some((field) => field.column === column);
  const info = GROUP_INFO_FIELDS.filter(({ column }) => has(column));
  const list = (row: string): string => info.map(({ column }) => `${row}.${column}`).join(', ');
  const isInfo = `(${list('known')}) IS DISTINCT FROM (${list('written_group')})`;
  const created =
    'written_group.created_as_of IS NOT NULL AND known.created_as_of IS DISTINCT FROM written_group.created_as_of';
  const kinds = [
    ...(has('create_time') ? [`CASE WHEN ${created} THEN 'created' WHEN ${isInfo} THEN 'info' END`] : []),
    ...(has('create_time') || info.length === 0 ? [] : [`CASE WHEN ${isInfo} THEN 'info' END`]),
    ...(has('status')
      ? [
          `CASE WHEN known.status IS DISTINCT FROM written_group.status AND written_group.status = ${DISMISSED} THEN 'dismissed'
          WHEN known.status <> written_group.status THEN 'status' END`,
        ]
      : []),
    ...(has('owner_user_id')
      ? ["CASE WHEN known.owner_user_id <> written_group.owner_user_id THEN 'owner' END"]
      : []),
  ];
  return kinds.length === 0 ? "'{}'" : `array_remove(ARRAY[${kinds.join(',\n        ')}], NULL)`;
}

/** A change: SQL expressions, and the FROM of its one row. */
interface RecordedChange {
  readonly revision: string;
  readonly kinds: string;
  readonly content: string;
  readonly from: string;
  readonly asOf?: string;
  /** Where it comes from; absent: the callback, or its replay. */
  readonly source?: string;
  readonly cause?: string;
  /** The drift in it; absent: none. */
  readonly drift?: string;
}

/**
 * `recorded`: writes the change, after the group's row. PostgreSQL runs CTEs that nothing reads last, and in any order: of two writers of the
 * group the later one would write its change first, under the key of the other one if both do so in the same µs (23505), and not end with 40001
 * at the group's row.
 */
export const record = ({
  revision,
  kinds,
  content,
  from,
  asOf = 'change.as_of',
  source = "CASE WHEN $11::uuid IS NULL THEN 'callback' ELSE 'replay' END",
  cause = '$4::uuid',
  drift = 'NULL',
}: RecordedChange): string => `
  recorded AS (
    INSERT INTO group_changes (group_id, revision, recorded_at, position, kinds, source, cause, as_of, change, drift)
    SELECT $1, ${revision}, clock_timestamp(), ${POSITION}, ${kinds},
      ${source}, ${cause}, ${asOf}, ${content}, ${drift}
    FROM (SELECT count(*) FROM written_group) AS group_written, ${from}
  )`;

/**
 * `recorded`: writes the change, where `written_group` has a later revision than `known`. Both have all columns of the group.
 * @param fields the fields of the group that the statement may change
 * @param from the CTE with the time as of which the change is true
 */
export const recordChange = (
  fields: readonly Field[],
  { from = 'change', ...origin }: Pick<RecordedChange, 'source' | 'cause' | 'drift'> & { from?: string } = {},
): string =>
  record({
    revision: 'written_group.revision',
    kinds: `${kindsOf(fields)} || member_summary.kinds`,
    content: differenceOf(
      fields.map((field) => {
        const known = value('known', field);
        const before = field === MEMBER_COUNT ? `coalesce(${known}, 0)` : known; // a group that is not known has no members
        return fieldChange(field, before, value('written_group', field));
      }),
      'member_summary.members',
      `nullif(greatest(member_summary.changed - ${KEPT_MEMBERS}, 0), 0)`,
    ),
    from: `written_group LEFT JOIN known ON true CROSS JOIN ${from} CROSS JOIN member_summary
    WHERE written_group.revision > coalesce(known.revision, 0)`,
    asOf: `${from}.as_of`,
    ...origin,
  });

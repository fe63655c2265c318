import { logDelivery } from '../../deliveries/delivery-log.js';
import type { PreparedStatement } from '../../postgres/prepared-statement.js';
import { callbackOverwrites, mergedAsOf } from './as-of.js';
import { CHANGE, isNotVerifiedSince } from './building-blocks.js';
import { columns, GROUP_INFO_FIELDS, recordType } from './fields.js';
import { differenceOf, fieldChange, record } from './record-change.js';
import { STALE_BY_ORDER } from './set-group-info.js';
import { mergeStale } from './stale.js';

const NAMES = GROUP_INFO_FIELDS.map(({ column }) => column);
const OLD = GROUP_INFO_FIELDS.map(({ column }) => `known.${column} AS old_${column}`).join(', ');

/** The fields after the callback: it is the latest, so that it overwrites each that it reports. */
const NEW = GROUP_INFO_FIELDS.map(
  ({ column, json }) => `coalesce(payload.${json}, known.${column}) AS ${column}`,
).join(', ');

/**
 * Does the same as `SET_GROUP_INFO` for a known group and a callback that is the latest: nearly every one, from the journal too. It writes
 * nothing, and returns no row, for any other. It has a third of the other's expressions, which PostgreSQL prepares for each run.
 */
export const SET_KNOWN_GROUP_INFO: PreparedStatement = {
  name: 'setKnownGroupInfo',
  text: `
  WITH patched AS (
    SELECT *, (${NAMES.join(', ')}) IS DISTINCT FROM (${NAMES.map((name) => `old_${name}`).join(', ')}) AS differs
    FROM (
      SELECT change.as_of, known.revision, ${OLD}, ${NEW},
        ${STALE_BY_ORDER} AS stale
      FROM ${CHANGE} JOIN groups AS known ON known.group_id = $1
        CROSS JOIN json_to_record($2::json) AS payload(${recordType(GROUP_INFO_FIELDS)})
      WHERE ${callbackOverwrites('known.as_of', 'change.as_of')} AND ${isNotVerifiedSince('known')}
      OFFSET 0
    ) AS patch
  ),
  written_group AS (
    UPDATE groups g SET
      (${columns(GROUP_INFO_FIELDS)}) = ROW(${columns(GROUP_INFO_FIELDS, 'patched')}),
      as_of = ${mergedAsOf('g', 'patched')},
      synced_at = now(),
      last_callback_at = clock_timestamp(),${mergeStale('patched')},
      revision = g.revision + patched.differs::integer
    FROM patched WHERE g.group_id = $1
    RETURNING 1
  ),
  ${record({
    revision: 'revision + 1',
    kinds: "'{info}'",
    asOf: 'as_of',
    content: differenceOf(
      GROUP_INFO_FIELDS.map((field) => fieldChange(field, `old_${field.column}`, field.column)),
    ),
    from: 'patched WHERE differs',
  })},
  logged AS (${logDelivery("CASE WHEN differs THEN 'applied' ELSE 'unchanged' END", 'patched')})
  SELECT differs AS changed FROM patched`,
};

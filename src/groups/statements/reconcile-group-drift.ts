import { DISMISSED } from '../../openim/constants.js';
import { snapshotOverwrites } from './as-of.js';
import { columns, GROUP_FIELDS, GROUP_INFO_FIELDS, values } from './fields.js';

/**
 * One row: which fields of the group differ between the row and the snapshot, as far as the row was reported and is not true as of later.
 * `group_differs`: any column of the group does.
 */
export const FIELD_DIFFERENCES = `
  field_differences AS (
    SELECT known.verified_at IS NOT NULL OR known.created_as_of IS NOT NULL AS was_known,
      is_overwritten AND known.status <> info.status AS has_other_status,
      is_overwritten AND known.owner_user_id <> info."ownerUserID" AND info."ownerUserID" <> '' AS has_other_owner,
      CASE WHEN is_overwritten THEN array_remove(ARRAY[${GROUP_INFO_FIELDS.map(
        ({ column, json }) =>
          `CASE WHEN known.${column} <> info.${json} THEN '${json.replaceAll('"', '')}' END`,
      ).join(', ')}], NULL) ELSE '{}' END AS fields,
      (${columns(GROUP_FIELDS, 'known')}, known.create_time, known.member_count) IS DISTINCT FROM
        (${values(GROUP_FIELDS, 'info')}, info."createTime", info."memberCount")
        AND info."createTime" IS NOT NULL AS group_differs,
      known.status AS old_status, info.status AS new_status, info."ownerUserID" AS owner, info."createTime" AS create_time
    FROM change LEFT JOIN known ON true LEFT JOIN info ON true
    CROSS JOIN LATERAL (SELECT ${snapshotOverwrites('known.as_of', 'change.as_of')}) AS k(is_overwritten)
  )`;

/**
 * The drift of a group that was unknown, as values of kind, applies, differences, missed_callbacks and summary.
 * @param isMissed a condition: whether its creation was missed; otherwise the group is older than the mirror
 */
export const unknownGroup = (isMissed: string, members: string, applies = 'true'): string =>
  `CASE WHEN ${isMissed} THEN 'group' ELSE 'filled' END, ${applies}, 1, (${isMissed})::integer,
        'the group, with ' || ${members} || ' members'`;

/**
 * One row for each kind of drift, with the number of differences, a lower bound of the callbacks that were missed, a sentence for staff,
 * and the users whom those callbacks would have named.
 */
export const DRIFT = `
  drift AS (
    SELECT r.* FROM accepted, field_differences d, counted c, payload, LATERAL (VALUES
      (${unknownGroup('create_time > payload."watchedSince"', 'c.members + c.joining - c.leaving', 'NOT was_known')}, NULL::text[]),
      ('info', was_known, cardinality(fields), 1, array_to_string(fields, ', ') || ' had changed', NULL),
      ('dismissed', was_known AND has_other_status AND new_status = ${DISMISSED}, 1, 1, 'the group had been dismissed', NULL),
      ('status', was_known AND has_other_status AND new_status <> ${DISMISSED}, 1, 0,
        'the status had changed from ' || old_status || ' to ' || new_status, NULL),
      ('owner', was_known AND has_other_owner, 1, 1, owner || ' had become the owner', NULL),
      ('joined', was_known, c.joining, c.joining_directly, joining_names || ' had joined', joining_users),
      ('left', was_known, c.leaving, CASE WHEN has_other_status AND new_status = ${DISMISSED} THEN 0 ELSE 1 END,
        leaving_names || ' had left', leaving_users),
      ('role', was_known, c.other_roles, c.other_roles, 'the role had changed of ' || role_names, role_users),
      ('member', was_known, c.other_details, 0, 'other fields had changed of ' || details_names, NULL)
    ) AS r(kind, applies, differences, missed_callbacks, summary, user_ids)
    WHERE r.applies AND r.differences > 0
  )`;

/** The drift as the answer (`Drift[]`). */
export const DRIFT_AS_ANSWER = `(SELECT coalesce(json_agg(json_build_object('kind', kind, 'differences', differences, 'summary', summary)), '[]')
      FROM drift)`;

/** The drift as one value of JSON for the change; NULL where there is none. */
export const DRIFT_AS_JSON = `(SELECT jsonb_agg(jsonb_strip_nulls(jsonb_build_object(
        'kind', kind, 'differences', differences, 'missedCallbacks', coalesce(missed_callbacks, 0), 'summary', summary,
        'userIDs', CASE WHEN missed_callbacks > 0 THEN to_jsonb(user_ids) END
      ))) FROM drift)`;

import { logDelivery } from '../../deliveries/delivery-log.js';
import type { PreparedStatement } from '../../postgres/prepared-statement.js';
import { atRepeatableRead } from './building-blocks.js';
import { CREATED_AS_OF, CREATION_PAYLOAD } from './create-group.js';
import { columns, GROUP_FIELDS, values } from './fields.js';
import { KEPT_MEMBERS } from './member-changes.js';
import { ALL_FIELDS, record } from './record-change.js';

/** The payload, as the content of the change; of a long list of members, the first ones. */
const CONTENT = `
      CASE WHEN cardinality("userIDs") <= ${KEPT_MEMBERS} THEN jsonb_build_object('created', $2::jsonb)
      ELSE jsonb_build_object('moreMembers', cardinality("userIDs") - ${KEPT_MEMBERS}, 'created',
        (SELECT to_jsonb(kept) FROM (
          SELECT ${ALL_FIELDS.map(({ json }) => json).join(', ')},
            "userIDs"[:${KEPT_MEMBERS}] AS "userIDs", "roleLevels"[:${KEPT_MEMBERS}] AS "roleLevels"
        ) AS kept)) END`;

/**
 * Writes a group and its first members, where neither the group nor a member of it is known: nearly every creation. There is nothing to
 * compare, so it costs half of `CREATE_GROUP`, which writes every other creation. It writes nothing, and returns no row, where the group or
 * a member is known. The group's row is written first: of two that create the same group, one ends with 40001 and is run again.
 */
export const CREATE_NEW_GROUP: PreparedStatement = {
  name: 'createNewGroup',
  text: `
  WITH change AS (
    SELECT ${atRepeatableRead('coalesce($3::timestamptz, clock_timestamp())')} AS as_of
    WHERE NOT EXISTS (SELECT FROM groups WHERE group_id = $1) AND NOT EXISTS (SELECT FROM group_members WHERE group_id = $1)
  ),
  payload AS (${CREATION_PAYLOAD}),
  creation AS (SELECT payload.*, ${CREATED_AS_OF} AS as_of FROM change, payload),
  written_group AS (
    INSERT INTO groups (group_id, ${columns(GROUP_FIELDS)}, create_time, member_count, as_of, created_as_of, synced_at,
      last_callback_at, known_since, revision)
    SELECT $1, ${values(GROUP_FIELDS, 'creation')}, "createTime", "memberCount", as_of, as_of, now(), clock_timestamp(), as_of, 1
    FROM creation
    ON CONFLICT (group_id) DO NOTHING
    RETURNING 1
  ),
  written_members AS (
    INSERT INTO group_members (group_id, user_id, role_level, valid_from, as_of, synced_at)
    SELECT $1, listed.user_id, listed.role_level, creation.as_of, creation.as_of, now()
    FROM (SELECT count(*) FROM written_group) AS group_done, creation,
      unnest(creation."userIDs", creation."roleLevels") AS listed(user_id, role_level)
  ),
  ${record({
    revision: '1',
    kinds: `CASE WHEN cardinality("userIDs") > 0 THEN '{created,joined}' ELSE '{created}' END::text[]`,
    asOf: 'as_of',
    content: CONTENT,
    from: 'creation',
  })},
  logged AS (${logDelivery("'applied'", 'creation')})
  SELECT true AS changed FROM creation`,
};

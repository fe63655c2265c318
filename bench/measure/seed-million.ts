import type { Client } from 'pg';

/** ID of a group with one member for each group. With the user below, it makes the longest lists. */
export const LARGEST_GROUP = 'largest';
/** ID of a user who is in every group. */
export const BUSIEST_USER = 'busiest';

/** Members of each group without the busiest user. With the largest group, there are ten times as many members as groups. */
const MEMBERS = 8;

/** Since when everybody is a member, and when the period before it was. */
const JOINED = `'2026-07-01'::timestamptz`;
const PERIOD = `'2026-01-01'::timestamptz, '2026-06-01'::timestamptz`;
/** A moment of all memberships of today, and one of all periods. */
export const PRESENT = '2026-08-01';
export const PAST = '2026-03-01';

/** Group IDs of ten digits in pseudo-random order, as OpenIM makes them. */
const GROUP_ID = `lpad((n * 2654435761 % 4294967296)::text, 10, '0')`;
const USER_ID = `'u' || lpad(((n * ${MEMBERS} + m) * 2654435761 % 1048576)::text, 9, '0')`;

/** The ID of a group by its number, from 2 on. */
export const groupIDOf = (group: number): string =>
  String((BigInt(group) * 2654435761n) % 4294967296n).padStart(10, '0');

/** The ID of the owner of a group by its number. */
export const userIDOf = (group: number): string =>
  `u${String((BigInt(group * MEMBERS) * 2654435761n) % 1048576n).padStart(9, '0')}`;

/** Drops the keys and indexes of the tables. Returns the statements that create them again. */
async function dropIndexes(client: Client): Promise<string[]> {
  const tables = `('groups'::regclass, 'group_members'::regclass, 'group_member_periods'::regclass)`;
  const keys = await client.query<{ table: string; name: string; definition: string }>(
    `SELECT conrelid::regclass AS table, conname AS name, pg_get_constraintdef(oid) AS definition
     FROM pg_constraint WHERE contype = 'p' AND conrelid IN ${tables}`,
  );
  for (const { table, name } of keys.rows) {
    await client.query(`ALTER TABLE ${table} DROP CONSTRAINT ${name}`);
  }
  const indexes = await client.query<{ name: string; definition: string }>(
    `SELECT indexrelid::regclass AS name, pg_get_indexdef(indexrelid) AS definition FROM pg_index WHERE indrelid IN ${tables}`,
  );
  for (const { name } of indexes.rows) {
    await client.query(`DROP INDEX ${name}`);
  }
  return [
    ...keys.rows.map(
      ({ table, name, definition }) => `ALTER TABLE ${table} ADD CONSTRAINT ${name} ${definition}`,
    ),
    ...indexes.rows.map(({ definition }) => definition),
  ];
}

/**
 * Seeds `groups` groups, ten times as many members, and as many periods: each user was a member before.
 * @param progress receives the name of each step
 */
export async function seedMillion(
  client: Client,
  groups: number,
  progress: (line: string) => void,
): Promise<void> {
  await client.query(`SET synchronous_commit = off`);
  await client.query(`SET maintenance_work_mem = '512MB'`);
  const indexes = await dropIndexes(client);
  progress(`seeding ${groups} groups`);
  await client.query(
    `INSERT INTO groups (group_id, group_name, notification, introduction, face_url, owner_user_id, create_time, member_count, ex, status,
         creator_user_id, group_type, need_verification, look_member_info, apply_member_friend, notification_update_time,
         notification_user_id, as_of, created_as_of, synced_at, last_callback_at, known_since)
       SELECT CASE n WHEN 1 THEN '${LARGEST_GROUP}' ELSE ${GROUP_ID} END, 'Weekly sync ' || n, 'Every Monday at 10:00', 'What was done', '',
         'u' || lpad((n % 1048576)::text, 9, '0'), created, ${MEMBERS}, '', 0, 'u' || lpad((n % 1048576)::text, 9, '0'), 2, 0, 0, 0, 'epoch', '',
         created, created, created, created, created
       FROM generate_series(1, $1::bigint) AS n, LATERAL (SELECT '2024-01-01'::timestamptz + n * interval '1 min' AS created) AS times`,
    [groups],
  );
  progress(`seeding ${groups * (MEMBERS + 2)} members`);
  await client.query(
    `INSERT INTO group_members (group_id, user_id, role_level, valid_from, as_of, synced_at)
       SELECT ${GROUP_ID}, ${USER_ID}, CASE m WHEN 0 THEN 100 ELSE 20 END, ${JOINED}, now(), now()
       FROM generate_series(2, $1::bigint) AS n, generate_series(0, ${MEMBERS - 1}) AS m`,
    [groups],
  );
  await client.query(
    `INSERT INTO group_members (group_id, user_id, role_level, valid_from, as_of, synced_at)
       SELECT ${GROUP_ID}, '${BUSIEST_USER}', 20, ${JOINED}, now(), now() FROM generate_series(2, $1::bigint) AS n
       UNION ALL
       SELECT '${LARGEST_GROUP}', 'u' || lpad(m::text, 9, '0'), CASE m WHEN 1 THEN 100 ELSE 20 END, ${JOINED}, now(), now()
       FROM generate_series(1, $1::bigint) AS m`,
    [groups],
  );
  progress('seeding as many periods');
  await client.query(
    `INSERT INTO group_member_periods (group_id, user_id, role_level, valid_from, valid_to, how)
       SELECT group_id, user_id, 20, ${PERIOD}, 'quit' FROM group_members`,
  );
  for (const index of indexes) {
    progress(/\w+_(pkey|idx)/.exec(index)?.[0] ?? index);
    await client.query(index);
  }
  progress('vacuum');
  await client.query('VACUUM ANALYZE groups, group_members, group_member_periods');
}

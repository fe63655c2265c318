import type { BenchPostgres } from '../bench-postgres.js';
import { KICKED_PREFIX, RENAMED_PREFIX, SEEDED_GROUPS, USER_PREFIX } from '../bodies.js';

/**
 * Seeds the groups for kicks and renames, with creation times in the past.
 * @param members the number of members of each group for kicks
 */
export async function seedGroups(postgres: BenchPostgres, database: string, members: number): Promise<void> {
  await postgres.query(
    database,
    `INSERT INTO groups (group_id, group_name, notification, introduction, face_url, owner_user_id, create_time, member_count, ex, status,
       creator_user_id, group_type, need_verification, look_member_info, apply_member_friend, notification_update_time,
       notification_user_id, as_of, created_as_of, synced_at, last_callback_at)
     SELECT prefix || n, 'Group ' || n, 'Every Monday', '', '', 'owner', created, $1, '', 0, 'owner', 2, 0, 0, 0, 'epoch', '', created, created, created, created
     FROM generate_series(0, ${SEEDED_GROUPS} - 1) AS n, unnest(ARRAY['${KICKED_PREFIX}', '${RENAMED_PREFIX}']) AS prefix,
       LATERAL (SELECT '2026-01-01'::timestamptz + n * interval '1 s' AS created) AS times`,
    [members],
  );
  await postgres.query(
    database,
    `INSERT INTO group_members (group_id, user_id, role_level, valid_from, as_of, synced_at)
     SELECT g.group_id, '${USER_PREFIX}' || lpad(m::text, 9, '0'), 20, g.as_of, g.as_of, g.as_of
     FROM groups AS g, generate_series(0, $1::integer - 1) AS m WHERE g.group_id LIKE '${KICKED_PREFIX}%'`,
    [members],
  );
  await postgres.query(database, 'VACUUM ANALYZE');
}

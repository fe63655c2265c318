/**
 * Views for reports, with names that stay: `current_groups`, `current_members` and `member_history`. They have a schema of their own, so that
 * a role may read them and nothing else: `openim_views`, or `SCHEMA_views` beside another schema than `public`.
 */
export const VIEWS_SCHEMA = `
  CASE current_schema() WHEN 'public' THEN 'openim_views' ELSE current_schema() || '_views' END`;

const VIEWS: Readonly<Record<string, { comment: string; query: string; columns: Record<string, string> }>> = {
  current_groups: {
    comment: 'Groups that are not dismissed.',
    query: `
      SELECT group_id, group_name, owner_user_id, creator_user_id, create_time, member_count, status, group_type, notification, introduction,
        face_url, ex, stale_since IS NULL AS is_verified, synced_at
      FROM groups WHERE status IS DISTINCT FROM 2`,
    columns: {
      group_id: 'groupID of OpenIM.',
      group_name: 'Name; NULL: not reported.',
      owner_user_id: 'userID of the owner; NULL: not reported.',
      creator_user_id: 'userID of the creator; NULL: not reported.',
      create_time: 'When it was created.',
      member_count: 'Number of current members.',
      status: '0 normal, 1 banned, 3 muted; NULL: not reported.',
      group_type: '2 for every group of a current OpenIM; NULL: not reported.',
      notification: 'Announcement; NULL: not reported.',
      introduction: 'Introduction; NULL: not reported.',
      face_url: 'URL of the picture; NULL: not reported.',
      ex: 'Extra data of the application; NULL: not reported.',
      is_verified: 'Whether nothing is known to be missing; false: it waits for a comparison with OpenIM.',
      synced_at: 'When the row was last written.',
    },
  },
  current_members: {
    comment: 'Current members of groups.',
    query: `
      SELECT group_id, user_id, role_level, nickname, valid_from, join_source, inviter_user_id, join_time, mute_end_time, synced_at
      FROM group_members WHERE left_at IS NULL`,
    columns: {
      group_id: 'groupID of OpenIM.',
      user_id: 'userID of OpenIM.',
      role_level: '100 owner, 60 admin, 20 ordinary member, 0 not reported yet.',
      nickname: 'Name in this group; NULL: not reported.',
      valid_from: 'Since when the user is a member with this role.',
      join_source:
        '1 by an admin, 2 by invitation, 3 by search, 4 by QR code, 0 directly; NULL: not reported.',
      inviter_user_id: 'userID of the inviter; NULL: not reported.',
      join_time: 'When the user joined, as OpenIM says; NULL: not reported.',
      mute_end_time: 'End of the mute, 1970 for never; NULL: not reported.',
      synced_at: 'When the row was last written.',
    },
  },
  member_history: {
    comment: 'Memberships of all times: one row for each time with one role.',
    query: `
      SELECT group_id, user_id, role_level, valid_from, valid_to, how FROM group_member_periods
      UNION ALL
      SELECT group_id, user_id, role_level, valid_from, NULL, NULL FROM group_members WHERE left_at IS NULL`,
    columns: {
      group_id: 'groupID of OpenIM.',
      user_id: 'userID of OpenIM.',
      role_level: '100 owner, 60 admin, 20 ordinary member, 0 not reported.',
      valid_from: 'Since when the user was a member with this role.',
      valid_to: 'Until when, exclusively; NULL: still is.',
      how: 'How it ended: role (another role), quit, kicked or dismissed; NULL: it has not, or no callback reported it.',
    },
  },
};

/** The names of the views, each with its columns. */
export const viewColumns = (): Record<string, string[]> =>
  Object.fromEntries(Object.entries(VIEWS).map(([name, { columns }]) => [name, Object.keys(columns)]));

const literal = (text: string): string => `'${text.replaceAll("'", "''")}'`;

/** Creates the schema and the views, or replaces the views. The role needs the privilege CREATE on the database. */
export const CREATE_VIEWS = `
  DO $do$
  DECLARE schema text := ${VIEWS_SCHEMA};
  BEGIN
    EXECUTE format('CREATE SCHEMA IF NOT EXISTS %I', schema);
    ${Object.entries(VIEWS)
      .map(([name, { comment, query, columns }]) =>
        [
          `EXECUTE format('CREATE OR REPLACE VIEW %I.${name} AS ', schema) || $view$${query}$view$;`,
          `EXECUTE format('COMMENT ON VIEW %I.${name} IS %L', schema, ${literal(comment)});`,
          ...Object.entries(columns).map(
            ([column, text]) =>
              `EXECUTE format('COMMENT ON COLUMN %I.${name}.${column} IS %L', schema, ${literal(text)});`,
          ),
        ].join('\n    '),
      )
      .join('\n    ')}
  END $do$`;

/** Drops the schema with the views. */
export const DROP_VIEWS = `
  DO $do$ BEGIN EXECUTE format('DROP SCHEMA IF EXISTS %I CASCADE', ${VIEWS_SCHEMA}); END $do$`;

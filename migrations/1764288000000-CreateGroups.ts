import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Creates `groups`, with an index for each filter of `GET /admin/groups` and for each list that reconciliation goes through. */
export class CreateGroups1764288000000 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query('CREATE EXTENSION IF NOT EXISTS pg_trgm');
    // The free tenth of a page takes new versions of its rows: as no index has a column of theirs that changes, none is written (HOT).
    await queryRunner.query(`
      CREATE TABLE groups (
        group_id                 text COLLATE "C" NOT NULL,
        group_name               text,
        notification             text,
        introduction             text,
        face_url                 text,
        owner_user_id            text COLLATE "C",
        create_time              timestamptz NOT NULL,
        member_count             bigint NOT NULL,
        ex                       text,
        status                   integer,
        creator_user_id          text COLLATE "C",
        group_type               integer,
        need_verification        integer,
        look_member_info         integer,
        apply_member_friend      integer,
        notification_update_time timestamptz,
        notification_user_id     text,
        as_of                    timestamptz NOT NULL,
        created_as_of            timestamptz,
        members_removed_at       timestamptz,
        stale_since              timestamptz,
        stale_reason             text,
        last_callback_at         timestamptz,
        verified_at              timestamptz,
        full_snapshot_at         timestamptz,
        version_id               text,
        version                  bigint,
        synced_at                timestamptz NOT NULL,
        revision                 bigint NOT NULL DEFAULT 0,
        known_since              timestamptz,
        CONSTRAINT groups_pkey PRIMARY KEY (group_id)
      ) WITH (fillfactor = 90)`);
    await queryRunner.query('CREATE INDEX groups_create_time_idx ON groups (create_time, group_id)');
    await queryRunner.query(
      'CREATE INDEX groups_owner_user_id_idx ON groups (owner_user_id, create_time, group_id)',
    );
    await queryRunner.query(
      'CREATE INDEX groups_creator_user_id_idx ON groups (creator_user_id, create_time, group_id)',
    );
    // Nearly all groups have status 0 and type 2: groups_create_time_idx finds those, and a creation writes two indexes less.
    await queryRunner.query(
      'CREATE INDEX groups_status_idx ON groups (status, create_time, group_id) WHERE status <> 0',
    );
    await queryRunner.query(
      'CREATE INDEX groups_group_type_idx ON groups (group_type, create_time, group_id) WHERE group_type <> 2',
    );
    await queryRunner.query(
      'CREATE INDEX groups_stale_idx ON groups (create_time, group_id) WHERE stale_since IS NOT NULL',
    );
    await queryRunner.query(
      'CREATE INDEX groups_unverified_idx ON groups (create_time, group_id) WHERE verified_at IS NULL',
    );
    await queryRunner.query(
      'CREATE INDEX groups_full_snapshot_at_idx ON groups (full_snapshot_at, group_id) WHERE full_snapshot_at IS NOT NULL AND members_removed_at IS NULL',
    );
    // The extension may exist already, in a schema outside the search path.
    const [{ schema }] = (await queryRunner.query(
      "SELECT quote_ident(nspname) AS schema FROM pg_extension JOIN pg_namespace n ON n.oid = extnamespace WHERE extname = 'pg_trgm'",
    )) as [{ schema: string }];
    await queryRunner.query(
      `CREATE INDEX groups_group_name_idx ON groups USING gin (group_name ${schema}.gin_trgm_ops)`,
    );
    await queryRunner.query(`
      COMMENT ON TABLE groups IS 'The groups of OpenIM. A dismissed group keeps its row, with status 2.';
      COMMENT ON COLUMN groups.group_id IS 'groupID of OpenIM.';
      COMMENT ON COLUMN groups.group_name IS 'Name of the group.';
      COMMENT ON COLUMN groups.notification IS 'Announcement of the group.';
      COMMENT ON COLUMN groups.introduction IS 'Introduction of the group.';
      COMMENT ON COLUMN groups.face_url IS 'URL of the group''s picture.';
      COMMENT ON COLUMN groups.owner_user_id IS 'userID of the owner.';
      COMMENT ON COLUMN groups.create_time IS 'When OpenIM created the group; while created_as_of is NULL: when the first callback named the group.';
      COMMENT ON COLUMN groups.member_count IS 'OpenIM''s number of members at the creation, moved by each change since.';
      COMMENT ON COLUMN groups.ex IS 'Extra data of the application.';
      COMMENT ON COLUMN groups.status IS '0 normal, 1 banned, 2 dismissed, 3 muted.';
      COMMENT ON COLUMN groups.creator_user_id IS 'userID of the creator.';
      COMMENT ON COLUMN groups.group_type IS '2 for every group of OpenIM 3.x.';
      COMMENT ON COLUMN groups.need_verification IS '0 applications need approval, 1 invitations too, 2 users join directly.';
      COMMENT ON COLUMN groups.look_member_info IS 'Whether members see the profiles of other members: 0 allowed, 1 not allowed.';
      COMMENT ON COLUMN groups.apply_member_friend IS 'Whether members add each other as friends: 0 allowed, 1 not allowed.';
      COMMENT ON COLUMN groups.notification_update_time IS 'When the announcement last changed; 1970 for never.';
      COMMENT ON COLUMN groups.notification_user_id IS 'userID of who changed it last.';
      COMMENT ON COLUMN groups.as_of IS 'Time as of which the fields are true. A write as of an earlier time overwrites none.';
      COMMENT ON COLUMN groups.created_as_of IS 'Time as of which the creation is true; NULL while neither the creation nor a snapshot was received.';
      COMMENT ON COLUMN groups.members_removed_at IS 'When the members were deleted together with the group.';
      COMMENT ON COLUMN groups.stale_since IS 'Since when the group needs reconciling with OpenIM; NULL: it does not.';
      COMMENT ON COLUMN groups.stale_reason IS 'Why the group needs reconciling.';
      COMMENT ON COLUMN groups.last_callback_at IS 'When a callback last wrote the group or a member of it.';
      COMMENT ON COLUMN groups.verified_at IS 'Start of the last snapshot that the group was made equal to; NULL: never.';
      COMMENT ON COLUMN groups.full_snapshot_at IS 'Start of the last snapshot of all members, whether it was believed or not.';
      COMMENT ON COLUMN groups.version_id IS 'Id of OpenIM''s version log of the group at verified_at; NULL: there is none.';
      COMMENT ON COLUMN groups.version IS 'Version of the group in that version log.';
      COMMENT ON COLUMN groups.synced_at IS 'When the row was last written.';
      COMMENT ON COLUMN groups.revision IS 'Number of the last change of the group and its members: group_changes has it. 0: none.';
      COMMENT ON COLUMN groups.known_since IS 'Since when its members are known at any moment; NULL: they are not.'`);
  }

  /** Keeps the extension: other tables may use it. */
  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query('DROP TABLE groups');
  }
}

import type { MigrationInterface, QueryRunner } from 'typeorm';

/** The groups, with an index for every filter of `GET /admin/groups`, each ending in that list's order. */
export class CreateGroups1763942400000 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query('CREATE EXTENSION IF NOT EXISTS pg_trgm');
    await queryRunner.query(`
      CREATE TABLE groups (
        group_id                 text COLLATE "C" NOT NULL,
        group_name               text NOT NULL,
        notification             text NOT NULL,
        introduction             text NOT NULL,
        face_url                 text NOT NULL,
        owner_user_id            text COLLATE "C" NOT NULL,
        create_time              timestamptz NOT NULL,
        member_count             bigint NOT NULL,
        ex                       text NOT NULL,
        status                   integer NOT NULL,
        creator_user_id          text COLLATE "C" NOT NULL,
        group_type               integer NOT NULL,
        need_verification        integer NOT NULL,
        look_member_info         integer NOT NULL,
        apply_member_friend      integer NOT NULL,
        notification_update_time timestamptz NOT NULL,
        notification_user_id     text NOT NULL,
        as_of                    timestamptz NOT NULL,
        synced_at                timestamptz NOT NULL,
        CONSTRAINT groups_pkey PRIMARY KEY (group_id)
      )`);
    await queryRunner.query('CREATE INDEX groups_create_time_idx ON groups (create_time, group_id)');
    await queryRunner.query(
      'CREATE INDEX groups_owner_user_id_idx ON groups (owner_user_id, create_time, group_id)',
    );
    await queryRunner.query(
      'CREATE INDEX groups_creator_user_id_idx ON groups (creator_user_id, create_time, group_id)',
    );
    await queryRunner.query('CREATE INDEX groups_status_idx ON groups (status, create_time, group_id)');
    await queryRunner.query(
      'CREATE INDEX groups_group_type_idx ON groups (group_type, create_time, group_id)',
    );
    // The extension may have been there before, in a schema that is not searched.
    const [{ schema }] = (await queryRunner.query(
      "SELECT quote_ident(nspname) AS schema FROM pg_extension JOIN pg_namespace n ON n.oid = extnamespace WHERE extname = 'pg_trgm'",
    )) as [{ schema: string }];
    await queryRunner.query(
      `CREATE INDEX groups_group_name_idx ON groups USING gin (group_name ${schema}.gin_trgm_ops)`,
    );
  }

  /** The extension stays: others may use it by now. */
  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query('DROP TABLE groups');
  }
}

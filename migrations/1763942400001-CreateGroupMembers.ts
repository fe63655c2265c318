import type { MigrationInterface, QueryRunner } from 'typeorm';

/** The members, with the order of `GET /admin/groups/{groupID}/members` and that of `GET /admin/users/{userID}/groups`. */
export class CreateGroupMembers1763942400001 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`
      CREATE TABLE group_members (
        group_id   text COLLATE "C" NOT NULL,
        user_id    text COLLATE "C" NOT NULL,
        role_level integer NOT NULL,
        left_at    timestamptz,
        as_of      timestamptz NOT NULL,
        synced_at  timestamptz NOT NULL,
        CONSTRAINT group_members_pkey PRIMARY KEY (group_id, user_id)
      )`);
    await queryRunner.query(
      'CREATE INDEX group_members_role_level_idx ON group_members (group_id, role_level, user_id) WHERE left_at IS NULL',
    );
    await queryRunner.query(
      'CREATE INDEX group_members_user_id_idx ON group_members (user_id, group_id) WHERE left_at IS NULL',
    );
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query('DROP TABLE group_members');
  }
}

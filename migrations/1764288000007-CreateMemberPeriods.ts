import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Creates `group_member_periods`, with the order of `GET /admin/groups/{groupID}/members?at=` and `GET /admin/users/{userID}/groups?at=`. */
export class CreateMemberPeriods1764288000007 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`
      CREATE TABLE group_member_periods (
        group_id   text COLLATE "C" NOT NULL,
        user_id    text COLLATE "C" NOT NULL,
        valid_from timestamptz NOT NULL,
        valid_to   timestamptz NOT NULL,
        role_level integer NOT NULL,
        how        text,
        CONSTRAINT group_member_periods_pkey PRIMARY KEY (group_id, user_id, valid_from)
      )`);
    await queryRunner.query(
      'CREATE INDEX group_member_periods_user_id_idx ON group_member_periods (user_id, group_id, valid_from)',
    );
    await queryRunner.query(`
      COMMENT ON TABLE group_member_periods IS 'Past memberships: one row for each time that a user left or got another role.';
      COMMENT ON COLUMN group_member_periods.group_id IS 'groupID of OpenIM.';
      COMMENT ON COLUMN group_member_periods.user_id IS 'userID of OpenIM.';
      COMMENT ON COLUMN group_member_periods.valid_from IS 'Since when the user was a member with this role.';
      COMMENT ON COLUMN group_member_periods.valid_to IS 'Until when, exclusively.';
      COMMENT ON COLUMN group_member_periods.role_level IS '100 owner, 60 admin, 20 ordinary member.';
      COMMENT ON COLUMN group_member_periods.how IS 'How it ended: role (another role), quit, kicked or dismissed; NULL: left, no callback reported it.'`);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query('DROP TABLE group_member_periods');
  }
}

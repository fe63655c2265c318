import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Creates `group_members`, with the orders of `GET /admin/groups/{groupID}/members` and `GET /admin/users/{userID}/groups`. */
export class CreateGroupMembers1764288000001 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`
      CREATE TABLE group_members (
        group_id        text COLLATE "C" NOT NULL,
        user_id         text COLLATE "C" NOT NULL,
        role_level      integer NOT NULL,
        left_at         timestamptz,
        left_cause      text,
        left_reason     text,
        nickname        text,
        face_url        text,
        ex              text,
        join_source     integer,
        inviter_user_id text,
        join_time       timestamptz,
        mute_end_time   timestamptz,
        valid_from      timestamptz NOT NULL,
        as_of           timestamptz NOT NULL,
        synced_at       timestamptz NOT NULL,
        CONSTRAINT group_members_pkey PRIMARY KEY (group_id, user_id)
      )`);
    await queryRunner.query(
      'CREATE INDEX group_members_role_level_idx ON group_members (group_id, role_level, user_id) WHERE left_at IS NULL',
    );
    await queryRunner.query(
      'CREATE INDEX group_members_user_id_idx ON group_members (user_id, group_id) WHERE left_at IS NULL',
    );
    await queryRunner.query(`
      COMMENT ON TABLE group_members IS 'Members of groups. A member who left keeps the row: current members have left_at IS NULL.';
      COMMENT ON COLUMN group_members.group_id IS 'groupID of OpenIM.';
      COMMENT ON COLUMN group_members.user_id IS 'userID of OpenIM.';
      COMMENT ON COLUMN group_members.role_level IS '100 owner, 60 admin, 20 ordinary member, 0 not reported yet.';
      COMMENT ON COLUMN group_members.left_at IS 'When the member left; NULL: is in the group.';
      COMMENT ON COLUMN group_members.left_cause IS 'Why the member left: quit, kicked or dismissed (with the group); NULL: no callback reported it.';
      COMMENT ON COLUMN group_members.left_reason IS 'Reason that the user gave who removed the member.';
      COMMENT ON COLUMN group_members.nickname IS 'Name of the member in this group; NULL: not reported.';
      COMMENT ON COLUMN group_members.face_url IS 'URL of the member''s picture in this group; NULL: not reported.';
      COMMENT ON COLUMN group_members.ex IS 'Extra data of the application; NULL: not reported.';
      COMMENT ON COLUMN group_members.join_source IS 'How the member joined: 0 directly, 1 by an admin, 2 invited, 3 by search, 4 by QR code; NULL: not reported.';
      COMMENT ON COLUMN group_members.inviter_user_id IS 'userID of the inviter; NULL: not reported.';
      COMMENT ON COLUMN group_members.join_time IS 'When the member joined; NULL until a snapshot reports it, callbacks do not.';
      COMMENT ON COLUMN group_members.mute_end_time IS 'End of the mute, 1970 for never muted; NULL until a snapshot reports it, callbacks do not.';
      COMMENT ON COLUMN group_members.valid_from IS 'Since when the user is a member with this role; of one who left, was.';
      COMMENT ON COLUMN group_members.as_of IS 'Time as of which the row is true. A write as of an earlier time changes nothing.';
      COMMENT ON COLUMN group_members.synced_at IS 'When the row was last written.'`);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query('DROP TABLE group_members');
  }
}

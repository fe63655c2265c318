import type { MigrationInterface, QueryRunner } from 'typeorm';

/** The columns that a creation is the first to tell of, if it is not late. */
const TOLD = [
  'group_name',
  'notification',
  'introduction',
  'face_url',
  'owner_user_id',
  'ex',
  'status',
  'creator_user_id',
  'group_type',
  'need_verification',
  'look_member_info',
  'apply_member_friend',
  'notification_update_time',
  'notification_user_id',
];

/** What the life of a group needs: fields that are not told yet, how members come and leave, and which groups need a look. */
export class FollowGroups1763974800000 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`
      ALTER TABLE groups
        ${TOLD.map((column) => `ALTER ${column} DROP NOT NULL`).join(', ')},
        ADD born_as_of timestamptz,
        ADD emptied_at timestamptz,
        ADD stale_since timestamptz,
        ADD stale_reason text`);
    await queryRunner.query('UPDATE groups SET born_as_of = as_of');
    await queryRunner.query(
      'CREATE INDEX groups_stale_idx ON groups (create_time, group_id) WHERE stale_since IS NOT NULL',
    );
    await queryRunner.query(`
      ALTER TABLE group_members
        ADD left_how text,
        ADD left_reason text,
        ADD nickname text,
        ADD face_url text,
        ADD ex text,
        ADD join_source integer,
        ADD inviter_user_id text`);
  }

  /** Groups whose creation was never received go: the older version has no place for them. */
  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`
      ALTER TABLE group_members
        DROP left_how, DROP left_reason, DROP nickname, DROP face_url, DROP ex, DROP join_source, DROP inviter_user_id`);
    await queryRunner.query('DELETE FROM groups WHERE born_as_of IS NULL');
    await queryRunner.query('DROP INDEX groups_stale_idx');
    await queryRunner.query(`
      ALTER TABLE groups
        ${TOLD.map((column) => `ALTER ${column} SET NOT NULL`).join(', ')},
        DROP born_as_of, DROP emptied_at, DROP stale_since, DROP stale_reason`);
  }
}

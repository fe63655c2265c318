import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * How many groups of a run failed; which users a drift was about, so that late callbacks are told from lost ones; and snapshots of
 * dismissed groups whose members stay, as of all others.
 */
export class IsolateGroups1764075600000 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query('ALTER TABLE reconciliation_runs ADD groups_failed integer NOT NULL DEFAULT 0');
    await queryRunner.query('ALTER TABLE group_repairs ADD user_ids text[]');
    await queryRunner.query('DROP INDEX groups_read_whole_at_idx');
    await queryRunner.query(
      'CREATE INDEX groups_read_whole_at_idx ON groups (read_whole_at, group_id) WHERE read_whole_at IS NOT NULL AND (status IS DISTINCT FROM 2 OR member_count > 0)',
    );
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query('DROP INDEX groups_read_whole_at_idx');
    await queryRunner.query(
      'CREATE INDEX groups_read_whole_at_idx ON groups (read_whole_at, group_id) WHERE read_whole_at IS NOT NULL AND status IS DISTINCT FROM 2',
    );
    await queryRunner.query('ALTER TABLE group_repairs DROP user_ids');
    await queryRunner.query('ALTER TABLE reconciliation_runs DROP groups_failed');
  }
}

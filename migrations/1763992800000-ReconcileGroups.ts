import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * What reconciliation with OpenIM's REST API needs: when a callback last wrote a group, when and at which version the group was
 * last found equal to OpenIM, which groups come next, what was repaired, and the runs.
 */
export class ReconcileGroups1763992800000 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`
      ALTER TABLE groups
        ADD told_at timestamptz,
        ADD verified_at timestamptz,
        ADD read_whole_at timestamptz,
        ADD version_id text,
        ADD version bigint`);
    await queryRunner.query(
      'CREATE INDEX groups_unverified_idx ON groups (create_time, group_id) WHERE verified_at IS NULL',
    );
    await queryRunner.query(
      'CREATE INDEX groups_read_whole_at_idx ON groups (read_whole_at, group_id) WHERE read_whole_at IS NOT NULL AND status IS DISTINCT FROM 2',
    );
    await queryRunner.query(
      'ALTER TABLE group_members ADD join_time timestamptz, ADD mute_end_time timestamptz',
    );
    await queryRunner.query(`
      CREATE TABLE group_repairs (
        id       uuid NOT NULL,
        group_id text COLLATE "C" NOT NULL,
        found_at timestamptz NOT NULL,
        kind     text NOT NULL,
        changes  integer NOT NULL,
        missed   integer NOT NULL,
        summary  text NOT NULL,
        CONSTRAINT group_repairs_pkey PRIMARY KEY (id)
      )`);
    await queryRunner.query(
      'CREATE INDEX group_repairs_group_id_idx ON group_repairs (group_id, found_at, id)',
    );
    await queryRunner.query('CREATE INDEX group_repairs_found_at_idx ON group_repairs (found_at)');
    await queryRunner.query(`
      CREATE TABLE reconciliation_runs (
        id          uuid NOT NULL,
        kind        text NOT NULL,
        state       text NOT NULL,
        started_at  timestamptz NOT NULL,
        ended_at    timestamptz,
        groups      integer NOT NULL DEFAULT 0,
        groups_read integer NOT NULL DEFAULT 0,
        members     integer NOT NULL DEFAULT 0,
        repairs     integer NOT NULL DEFAULT 0,
        requests    integer NOT NULL DEFAULT 0,
        problem     text,
        CONSTRAINT reconciliation_runs_pkey PRIMARY KEY (id)
      )`);
    await queryRunner.query(
      'CREATE INDEX reconciliation_runs_started_at_idx ON reconciliation_runs (started_at, id)',
    );
    await queryRunner.query(
      `CREATE UNIQUE INDEX reconciliation_runs_requested_idx ON reconciliation_runs (kind) WHERE state = 'requested'`,
    );
    await queryRunner.query(
      `CREATE INDEX reconciliation_runs_backfill_idx ON reconciliation_runs (ended_at) WHERE kind = 'backfill' AND state = 'done'`,
    );
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query('DROP TABLE reconciliation_runs');
    await queryRunner.query('DROP TABLE group_repairs');
    await queryRunner.query('ALTER TABLE group_members DROP join_time, DROP mute_end_time');
    await queryRunner.query('DROP INDEX groups_unverified_idx, groups_read_whole_at_idx');
    await queryRunner.query(
      'ALTER TABLE groups DROP told_at, DROP verified_at, DROP read_whole_at, DROP version_id, DROP version',
    );
  }
}

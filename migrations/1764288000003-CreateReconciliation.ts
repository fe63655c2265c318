import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Creates `reconciliation_runs`, what reconciliation did. */
export class CreateReconciliation1764288000003 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`
      CREATE TABLE reconciliation_runs (
        id            uuid NOT NULL,
        kind          text NOT NULL,
        state         text NOT NULL,
        started_at    timestamptz NOT NULL,
        ended_at      timestamptz,
        groups        integer NOT NULL DEFAULT 0,
        groups_read   integer NOT NULL DEFAULT 0,
        groups_failed integer NOT NULL DEFAULT 0,
        members       integer NOT NULL DEFAULT 0,
        differences   integer NOT NULL DEFAULT 0,
        requests      integer NOT NULL DEFAULT 0,
        problem       text,
        CONSTRAINT reconciliation_runs_pkey PRIMARY KEY (id)
      )`);
    await queryRunner.query(
      'CREATE INDEX reconciliation_runs_started_at_idx ON reconciliation_runs (started_at, id)',
    );
    await queryRunner.query(
      "CREATE INDEX reconciliation_runs_unended_idx ON reconciliation_runs (started_at) WHERE state IN ('requested', 'running')",
    );
    await queryRunner.query(
      "CREATE UNIQUE INDEX reconciliation_runs_requested_idx ON reconciliation_runs (kind) WHERE state = 'requested'",
    );
    await queryRunner.query(
      "CREATE INDEX reconciliation_runs_backfill_idx ON reconciliation_runs (ended_at) WHERE kind = 'backfill' AND state = 'done'",
    );
    await queryRunner.query(`
      COMMENT ON TABLE reconciliation_runs IS 'Runs of the reconciliation over all groups.';
      COMMENT ON COLUMN reconciliation_runs.id IS 'Id of the run, a UUID of version 7.';
      COMMENT ON COLUMN reconciliation_runs.kind IS 'backfill: groups never read; resync: what changed; full: every group.';
      COMMENT ON COLUMN reconciliation_runs.state IS 'requested, running, done, failed or interrupted.';
      COMMENT ON COLUMN reconciliation_runs.started_at IS 'When the run started; while it is requested: when it was requested.';
      COMMENT ON COLUMN reconciliation_runs.ended_at IS 'When the run ended.';
      COMMENT ON COLUMN reconciliation_runs.groups IS 'Number of groups in OpenIM.';
      COMMENT ON COLUMN reconciliation_runs.groups_read IS 'Number of groups read; a resync reads only changed ones.';
      COMMENT ON COLUMN reconciliation_runs.groups_failed IS 'Number of groups that OpenIM did not show or PostgreSQL did not write; they are retried.';
      COMMENT ON COLUMN reconciliation_runs.members IS 'Number of members read.';
      COMMENT ON COLUMN reconciliation_runs.differences IS 'Number of differences found and repaired.';
      COMMENT ON COLUMN reconciliation_runs.requests IS 'Number of requests to OpenIM.';
      COMMENT ON COLUMN reconciliation_runs.problem IS 'Why the run failed, or what it left out.'`);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query('DROP TABLE reconciliation_runs');
  }
}

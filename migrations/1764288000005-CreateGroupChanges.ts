import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Creates `group_changes`, the log of all changes, partitioned by days, and `change_feed`, which orders them. */
export class CreateGroupChanges1764288000005 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`
      CREATE TABLE group_changes (
        group_id    text COLLATE "C" NOT NULL,
        revision    bigint NOT NULL,
        recorded_at timestamptz NOT NULL,
        position    bigint NOT NULL,
        kinds       text[] NOT NULL,
        source      text NOT NULL,
        cause       uuid,
        as_of       timestamptz NOT NULL,
        change      jsonb NOT NULL,
        drift       jsonb,
        CONSTRAINT group_changes_pkey PRIMARY KEY (group_id, revision, recorded_at)
      ) PARTITION BY RANGE (recorded_at)`);
    await queryRunner.query('CREATE TABLE group_changes_default PARTITION OF group_changes DEFAULT');
    await queryRunner.query(
      'CREATE INDEX group_changes_position_idx ON group_changes (position, group_id, revision)',
    );
    await queryRunner.query(
      "CREATE INDEX group_changes_drift_idx ON group_changes (recorded_at) WHERE drift IS NOT NULL AND source <> 'backfill'",
    );
    await queryRunner.query(
      'CREATE INDEX group_changes_group_drift_idx ON group_changes (group_id, recorded_at, revision) WHERE drift IS NOT NULL',
    );
    await queryRunner.query(`
      COMMENT ON TABLE group_changes IS 'Every change of a group and its members, in order.';
      COMMENT ON COLUMN group_changes.group_id IS 'groupID of OpenIM.';
      COMMENT ON COLUMN group_changes.revision IS 'Number of this change of the group: 1, 2, 3 and so on.';
      COMMENT ON COLUMN group_changes.recorded_at IS 'When it was written, by PostgreSQL''s clock.';
      COMMENT ON COLUMN group_changes.position IS 'Id of the transaction that wrote it: the order of the feed.';
      COMMENT ON COLUMN group_changes.kinds IS 'What changed: created, dismissed, status, owner, info, joined, left, role and member.';
      COMMENT ON COLUMN group_changes.source IS 'callback, replay, reconciliation or backfill.';
      COMMENT ON COLUMN group_changes.cause IS 'Id of the delivery, or of the run; NULL: a reconciliation without a run, or an operator.';
      COMMENT ON COLUMN group_changes.as_of IS 'Time as of which the change is true.';
      COMMENT ON COLUMN group_changes.change IS 'What became what: fields of the group, and members.';
      COMMENT ON COLUMN group_changes.drift IS 'Differences from OpenIM that reconciliation found, each with kind, differences, missedCallbacks, summary and userIDs; NULL: none.'`);
    await queryRunner.query(`
      CREATE TABLE change_feed (
        id               boolean NOT NULL,
        epoch            uuid NOT NULL,
        position_offset  bigint NOT NULL,
        removed_position bigint NOT NULL,
        CONSTRAINT change_feed_pkey PRIMARY KEY (id),
        CONSTRAINT change_feed_one_row CHECK (id)
      )`);
    await queryRunner.query('INSERT INTO change_feed VALUES (true, gen_random_uuid(), 0, 0)');
    await queryRunner.query(`
      COMMENT ON TABLE change_feed IS 'What orders the feed of changes. One row.';
      COMMENT ON COLUMN change_feed.id IS 'Always true.';
      COMMENT ON COLUMN change_feed.epoch IS 'Changes where the database was restored from a dump: cursors of before are not valid.';
      COMMENT ON COLUMN change_feed.position_offset IS 'Added to the ids of transactions: positions go on where another cluster began with small ids.';
      COMMENT ON COLUMN change_feed.removed_position IS 'Highest position of the changes that the retention removed.'`);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query('DROP TABLE change_feed');
    await queryRunner.query('DROP TABLE group_changes');
  }
}

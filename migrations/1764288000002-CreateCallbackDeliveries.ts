import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Creates `callback_deliveries`, partitioned by days (ids are UUIDs of version 7), with an index for each filter of `GET /admin/deliveries`, and for timelines. */
export class CreateCallbackDeliveries1764288000002 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`
      CREATE TABLE callback_deliveries (
        id           uuid NOT NULL,
        received_at  timestamptz NOT NULL,
        command      text NOT NULL,
        operation_id text NOT NULL,
        group_id     text COLLATE "C",
        outcome      text NOT NULL,
        problems     text,
        summary      text,
        duration_ms  real NOT NULL,
        body         bytea,
        replay_of    uuid,
        CONSTRAINT callback_deliveries_pkey PRIMARY KEY (id)
      ) PARTITION BY RANGE (id)`);
    await queryRunner.query(
      'CREATE TABLE callback_deliveries_default PARTITION OF callback_deliveries DEFAULT',
    );
    // The last two columns let GET /admin/stats read the index alone.
    await queryRunner.query(
      'CREATE INDEX callback_deliveries_received_at_idx ON callback_deliveries (received_at, id, command, outcome)',
    );
    await queryRunner.query(
      'CREATE INDEX callback_deliveries_command_idx ON callback_deliveries (command, received_at, id)',
    );
    await queryRunner.query(
      'CREATE INDEX callback_deliveries_group_id_idx ON callback_deliveries (group_id, received_at, id)',
    );
    // Nearly all callbacks are applied: callback_deliveries_received_at_idx finds those.
    await queryRunner.query(
      "CREATE INDEX callback_deliveries_outcome_idx ON callback_deliveries (outcome, received_at, id) WHERE outcome <> 'applied'",
    );
    await queryRunner.query(`
      COMMENT ON TABLE callback_deliveries IS 'Log of the callbacks that OpenIM sent, with their outcomes.';
      COMMENT ON COLUMN callback_deliveries.id IS 'Id of the delivery, a UUID of version 7.';
      COMMENT ON COLUMN callback_deliveries.received_at IS 'When it was received, by PostgreSQL''s clock, in whole ms.';
      COMMENT ON COLUMN callback_deliveries.command IS 'Command of the callback, under the name that OpenIM sent.';
      COMMENT ON COLUMN callback_deliveries.operation_id IS 'operationID of the request; not unique.';
      COMMENT ON COLUMN callback_deliveries.group_id IS 'groupID in the body; NULL: it names none.';
      COMMENT ON COLUMN callback_deliveries.outcome IS 'applied, unchanged, ignored, rejected or failed.';
      COMMENT ON COLUMN callback_deliveries.problems IS 'Why it was rejected, failed, or could not be mirrored.';
      COMMENT ON COLUMN callback_deliveries.summary IS 'One sentence for staff: what the callback reports.';
      COMMENT ON COLUMN callback_deliveries.duration_ms IS 'Time from the head of the request to the write of this row, in ms.';
      COMMENT ON COLUMN callback_deliveries.body IS 'Bytes of the body; NULL for commands whose bodies are not kept.';
      COMMENT ON COLUMN callback_deliveries.replay_of IS 'Id of the delivery that this one replays.'`);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query('DROP TABLE callback_deliveries');
  }
}

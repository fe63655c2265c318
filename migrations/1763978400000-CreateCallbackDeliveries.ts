import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * The log of what came in, with an index for every filter of `GET /admin/deliveries`, for a group's timeline and for the
 * removal of bodies.
 */
export class CreateCallbackDeliveries1763978400000 implements MigrationInterface {
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
      )`);
    // The two last columns are for GET /admin/stats, which then reads no row.
    await queryRunner.query(
      'CREATE INDEX callback_deliveries_received_at_idx ON callback_deliveries (received_at, id, command, outcome)',
    );
    await queryRunner.query(
      'CREATE INDEX callback_deliveries_command_idx ON callback_deliveries (command, received_at, id)',
    );
    await queryRunner.query(
      'CREATE INDEX callback_deliveries_group_id_idx ON callback_deliveries (group_id, received_at, id)',
    );
    await queryRunner.query(
      'CREATE INDEX callback_deliveries_outcome_idx ON callback_deliveries (outcome, received_at, id)',
    );
    await queryRunner.query(
      'CREATE INDEX callback_deliveries_body_idx ON callback_deliveries (received_at) WHERE body IS NOT NULL',
    );
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query('DROP TABLE callback_deliveries');
  }
}

import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Which replica does what only one at a time does. */
export class CreateLeases1764072000000 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`
      CREATE TABLE leases (
        name       text NOT NULL,
        holder     uuid NOT NULL,
        renewals   bigint NOT NULL,
        expires_at timestamptz NOT NULL,
        CONSTRAINT leases_pkey PRIMARY KEY (name)
      )`);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query('DROP TABLE leases');
  }
}

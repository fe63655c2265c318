import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Creates `leases`, for leader election. */
export class CreateLeases1764288000004 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`
      CREATE TABLE leases (
        name       text NOT NULL,
        holder     uuid NOT NULL,
        renewals   bigint NOT NULL,
        expires_at timestamptz NOT NULL,
        CONSTRAINT leases_pkey PRIMARY KEY (name)
      )`);
    await queryRunner.query(`
      COMMENT ON TABLE leases IS 'Leader election: work that one replica at a time does.';
      COMMENT ON COLUMN leases.name IS 'Name of the work.';
      COMMENT ON COLUMN leases.holder IS 'Id of the process that holds the lease.';
      COMMENT ON COLUMN leases.renewals IS 'Number of times the lease was taken or renewed; it moves while the holder is alive, whatever the clocks show.';
      COMMENT ON COLUMN leases.expires_at IS 'When the lease expires, by PostgreSQL''s clock.'`);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query('DROP TABLE leases');
  }
}

import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Creates `webhook_endpoints` and `webhook_held_groups`: how far the receivers of webhooks are. */
export class CreateWebhooks1764288000006 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`
      CREATE TABLE webhook_endpoints (
        id             text NOT NULL,
        url            text NOT NULL,
        cursor         text NOT NULL,
        generation     integer NOT NULL,
        received_at    timestamptz,
        failing_since  timestamptz,
        last_error     text,
        last_error_at  timestamptz,
        stopped_reason text,
        skipped        bigint NOT NULL,
        CONSTRAINT webhook_endpoints_pkey PRIMARY KEY (id)
      )`);
    await queryRunner.query(`
      COMMENT ON TABLE webhook_endpoints IS 'Receivers of webhooks, and how far each has received the changes.';
      COMMENT ON COLUMN webhook_endpoints.id IS 'Id of the endpoint: a hash of its url.';
      COMMENT ON COLUMN webhook_endpoints.url IS 'Its url, without the query.';
      COMMENT ON COLUMN webhook_endpoints.cursor IS 'Cursor of the feed: what is before it was received, but for the held groups.';
      COMMENT ON COLUMN webhook_endpoints.generation IS 'Number of times that a sender began or the cursor was set: a former sender notices it.';
      COMMENT ON COLUMN webhook_endpoints.received_at IS 'When it last received a change; NULL: never.';
      COMMENT ON COLUMN webhook_endpoints.failing_since IS 'Since when no request succeeds; NULL: the last one did.';
      COMMENT ON COLUMN webhook_endpoints.last_error IS 'The last failure; NULL: none.';
      COMMENT ON COLUMN webhook_endpoints.last_error_at IS 'When that was.';
      COMMENT ON COLUMN webhook_endpoints.stopped_reason IS 'Why nothing is sent to it until a rewind; NULL: it is not stopped.';
      COMMENT ON COLUMN webhook_endpoints.skipped IS 'Number of changes that were skipped, after 3 days of failures.'`);
    await queryRunner.query(`
      CREATE TABLE webhook_held_groups (
        endpoint_id     text NOT NULL,
        group_id        text COLLATE "C" NOT NULL,
        revision        bigint NOT NULL,
        attempts        integer NOT NULL,
        since           timestamptz NOT NULL,
        next_attempt_at timestamptz NOT NULL,
        last_error      text,
        CONSTRAINT webhook_held_groups_pkey PRIMARY KEY (endpoint_id, group_id)
      )`);
    await queryRunner.query(`
      COMMENT ON TABLE webhook_held_groups IS 'Groups whose next change an endpoint did not receive yet.';
      COMMENT ON COLUMN webhook_held_groups.endpoint_id IS 'The endpoint.';
      COMMENT ON COLUMN webhook_held_groups.group_id IS 'groupID of OpenIM.';
      COMMENT ON COLUMN webhook_held_groups.revision IS 'Revision of the change that is sent next.';
      COMMENT ON COLUMN webhook_held_groups.attempts IS 'Number of failed attempts to send it.';
      COMMENT ON COLUMN webhook_held_groups.since IS 'When the first of them failed.';
      COMMENT ON COLUMN webhook_held_groups.next_attempt_at IS 'When it is sent again.';
      COMMENT ON COLUMN webhook_held_groups.last_error IS 'The last failure; NULL: none.'`);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query('DROP TABLE webhook_held_groups');
    await queryRunner.query('DROP TABLE webhook_endpoints');
  }
}

import type { DataSource } from 'typeorm';
import type { HeldGroup } from './held-group.entity.js';

/** An endpoint whose cursor was set, or that another process sends to: what this process knows of it is outdated. */
export class OutdatedSenderError extends Error {}

/** A held group as it is stored; times in ms until then, and since then, by PostgreSQL's clock. */
export type Held = Pick<HeldGroup, 'groupID' | 'revision' | 'attempts' | 'lastError'> & {
  sinceMs: number;
  nextAttemptInMs: number;
};

const ENDPOINT = 'WHERE id = $1 AND generation = $2';

const ADVANCE = `UPDATE webhook_endpoints SET cursor = $3 ${ENDPOINT} RETURNING 1`;

const HOLD = `
  WITH endpoint AS (
    UPDATE webhook_endpoints SET last_error = coalesce($7, last_error), last_error_at = CASE WHEN $7 IS NULL THEN last_error_at ELSE now() END,
      failing_since = CASE WHEN $7 IS NULL THEN failing_since ELSE coalesce(failing_since, now()) END,
      skipped = skipped + $8
    ${ENDPOINT} RETURNING id
  )
  INSERT INTO webhook_held_groups (endpoint_id, group_id, revision, attempts, since, next_attempt_at, last_error)
  SELECT id, $3, $4, $5, now() - $9 * interval '1 ms', now() + $6 * interval '1 ms', $7 FROM endpoint
  ON CONFLICT (endpoint_id, group_id) DO UPDATE SET revision = excluded.revision, attempts = excluded.attempts, since = excluded.since,
    next_attempt_at = excluded.next_attempt_at, last_error = excluded.last_error
  RETURNING 1`;

const RECEIVED = `UPDATE webhook_endpoints SET received_at = now(), failing_since = NULL ${ENDPOINT} RETURNING 1`;

const RELEASE = `
  WITH endpoint AS (SELECT id FROM webhook_endpoints ${ENDPOINT})
  DELETE FROM webhook_held_groups USING endpoint WHERE endpoint_id = endpoint.id AND group_id = $3 RETURNING 1`;

const STOP = `UPDATE webhook_endpoints SET stopped_reason = $3, last_error = $3, last_error_at = now() ${ENDPOINT} RETURNING 1`;

/**
 * The rows of an endpoint, for the sender of one generation. It writes one after another: two at the same time would conflict (40001). Each
 * write throws OutdatedSenderError where another sender began or the cursor was set, and the driver's error.
 */
export class EndpointRow {
  private last: Promise<unknown> = Promise.resolve();

  constructor(
    private readonly dataSource: DataSource,
    private readonly id: string,
    private readonly generation: number,
  ) {}

  /** Moves the cursor. */
  advance(cursor: string): Promise<void> {
    return this.write(ADVANCE, [cursor]);
  }

  /** Keeps a held group. @param skipped number of changes that were skipped: 0 or 1 */
  hold(held: Held, skipped = 0): Promise<void> {
    const { groupID, revision, attempts, nextAttemptInMs, lastError, sinceMs } = held;
    return this.write(HOLD, [groupID, revision, attempts, nextAttemptInMs, lastError, skipped, sinceMs]);
  }

  /** Notes that the endpoint received something just now. */
  received(): Promise<void> {
    return this.write(RECEIVED, []);
  }

  /** Removes a held group. */
  release(groupID: string): Promise<void> {
    return this.write(RELEASE, [groupID]);
  }

  /** Stops the endpoint until a rewind. */
  stop(reason: string): Promise<void> {
    return this.write(STOP, [reason]);
  }

  /** Whether no other sender began since, and the cursor was not set. */
  async isCurrent(): Promise<boolean> {
    const rows = await this.dataSource.query<unknown[]>(`SELECT FROM webhook_endpoints ${ENDPOINT}`, [
      this.id,
      this.generation,
    ]);
    return rows.length > 0;
  }

  private async write(statement: string, values: unknown[]): Promise<void> {
    const written = this.last
      .catch(() => undefined) // whoever waited for it got its error
      .then(() => this.dataSource.query<unknown[]>(statement, [this.id, this.generation, ...values]));
    this.last = written;
    const result = await written;
    const rows = Array.isArray(result[0]) ? result[0] : result; // TypeORM returns [rows, count] for UPDATE and DELETE
    if (rows.length === 0) {
      throw new OutdatedSenderError('Another sender began, or the cursor was set');
    }
  }
}

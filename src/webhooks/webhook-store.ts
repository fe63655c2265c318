import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { DataSource } from 'typeorm';
import { CHANGE_COLUMNS } from '../changes/changes.service.js';
import type { FeedCursor } from '../changes/feed-cursor.js';
import type { GroupChange } from '../changes/group-change.entity.js';
import { EndpointRow, type Held } from './endpoint-row.js';
import type { WebhookEndpoint } from './webhook-endpoint.entity.js';

/** How a sender begins: where, and with which held groups. */
export interface SenderState extends Pick<WebhookEndpoint, 'cursor' | 'stoppedReason'> {
  readonly row: EndpointRow;
  readonly held: Held[];
  /** How long ago it received a change, in ms; null: never. */
  readonly receivedMsAgo: number | null;
}

/** Creates an endpoint that is not known yet, at the cursor $3. */
const CREATE = `
  INSERT INTO webhook_endpoints (id, url, cursor, generation, skipped) VALUES ($1, $2, $3, 0, 0)
  ON CONFLICT (id) DO NOTHING`;

const BEGIN = `
  UPDATE webhook_endpoints SET generation = generation + 1 WHERE id = $1
  RETURNING cursor, generation, stopped_reason AS "stoppedReason",
    extract(epoch FROM now() - received_at)::float8 * 1000 AS "receivedMsAgo"`;

const HELD = `
  SELECT group_id AS "groupID", revision::text, attempts, last_error AS "lastError",
    extract(epoch FROM now() - since)::float8 * 1000 AS "sinceMs",
    extract(epoch FROM next_attempt_at - now())::float8 * 1000 AS "nextAttemptInMs"
  FROM webhook_held_groups WHERE endpoint_id = $1`;

/** Sets the cursor: what is held before it is sent no more. */
const REWIND = `
  WITH endpoint AS (
    UPDATE webhook_endpoints SET cursor = $2, generation = generation + 1, stopped_reason = NULL, failing_since = NULL
    WHERE id = $1 RETURNING id
  ),
  released AS (DELETE FROM webhook_held_groups USING endpoint WHERE endpoint_id = endpoint.id)
  SELECT id FROM endpoint`;

/** The next changes of a group that are not behind the cursor of the endpoint. */
const CHANGES_OF_GROUP = `
  SELECT ${CHANGE_COLUMNS} FROM group_changes
  WHERE group_id = $1 AND revision >= $2::bigint AND (position, group_id, revision) <= ($3::bigint, $4, $5::bigint)
  ORDER BY group_changes.revision LIMIT $6`;

/** Keeps how far each endpoint is. Each method throws the driver's error. */
@Injectable()
export class WebhookStore {
  constructor(@InjectDataSource() private readonly dataSource: DataSource) {}

  /** Begins to send to an endpoint: a former sender can write no more. @param cursor where a new endpoint begins */
  async begin(id: string, url: string, cursor: string): Promise<SenderState> {
    await this.dataSource.query(CREATE, [id, url, cursor]);
    const [[{ generation, ...state }]] = await this.dataSource.query<
      [[Omit<SenderState, 'held' | 'row'> & { generation: number }]]
    >(BEGIN, [id]);
    const held = await this.dataSource.query<Held[]>(HELD, [id]);
    return { ...state, held, row: new EndpointRow(this.dataSource, id, generation) };
  }

  /** Sets the cursor of an endpoint. @returns false where there is none with this id */
  async rewind(id: string, cursor: string): Promise<boolean> {
    const rows = await this.dataSource.query<unknown[]>(REWIND, [id, cursor]);
    return rows.length > 0;
  }

  /** Reads at most `limit` changes of a group, from a revision on and up to a place. */
  changesOf(groupID: string, revision: string, to: FeedCursor, limit: number): Promise<GroupChange[]> {
    return this.dataSource.query(CHANGES_OF_GROUP, [
      groupID,
      revision,
      to.position,
      to.groupID,
      to.revision,
      limit,
    ]);
  }
}

import { Client, type ClientBase, type PoolConfig } from 'pg';
import type { DataSource } from 'typeorm';
import { withTimeout } from '../waiting/with-timeout.js';
import { isStatementError } from './errors.js';
import { poolOf } from './pool.js';

/** Time limit of a connection, and of each statement of a probe, in ms. */
const TIMEOUT_MS = 1000;

/** Fails at once where another session locks out every writer of a table (LOCK TABLE, ALTER TABLE), or the server is read-only. */
const LOCK_TABLES = `LOCK TABLE groups, group_members, callback_deliveries IN ROW EXCLUSIVE MODE NOWAIT`;

/**
 * Asks PostgreSQL whether it accepts writes, on an idle connection of the pool, or on a new one: all connections of the pool may wait for
 * locked groups while PostgreSQL works.
 * @returns whether PostgreSQL accepts writes; undefined before the database is in use
 * @throws Error where PostgreSQL cannot be reached, or does not answer within 1 s
 */
export async function probeWritable(dataSource: DataSource): Promise<boolean | undefined> {
  const pool = poolOf(dataSource);
  if (!pool) {
    return undefined;
  }
  if (pool.idleCount === 0) {
    return probeNewConnection(dataSource.options.extra as PoolConfig);
  }
  const client = await pool.connect();
  try {
    const isWritable = await isWritableOn(client);
    client.release();
    return isWritable;
  } catch (error) {
    client.release(true);
    throw error;
  }
}

async function probeNewConnection(options: PoolConfig): Promise<boolean> {
  const client = new Client({ ...options, connectionTimeoutMillis: TIMEOUT_MS });
  client.on('error', () => undefined); // the query in progress rejects
  try {
    await client.connect();
    await withTimeout(Promise.resolve(options.onConnect?.(client)), TIMEOUT_MS, fail);
    return await isWritableOn(client);
  } finally {
    client.end().catch(() => undefined);
  }
}

async function isWritableOn(client: ClientBase): Promise<boolean> {
  const run = <Row extends object>(sql: string) => withTimeout(client.query<Row>(sql), TIMEOUT_MS, fail);
  const { rows } = await run<{ read_only: boolean }>(
    `SELECT current_setting('transaction_read_only') = 'on' AS read_only`,
  );
  await run('BEGIN');
  const isLocked = await run(LOCK_TABLES).then(
    () => false,
    (error: unknown) => {
      if (isStatementError(error)) {
        return true;
      }
      throw error;
    },
  );
  await run('ROLLBACK');
  return !rows[0]!.read_only && !isLocked;
}

function fail(): never {
  throw new Error(`PostgreSQL did not answer within ${TIMEOUT_MS} ms`);
}

import type { PoolClient } from 'pg';
import type { DataSource } from 'typeorm';
import { breaksSession, ConnectionError, isStatementError } from './errors.js';
import { poolOf } from './pool.js';

/** A statement with the name that PostgreSQL keeps it under, for each connection. */
export interface PreparedStatement {
  readonly name: string;
  readonly text: string;
}

/**
 * Takes a connection of TypeORM's pool for some work. TypeORM cannot name a statement, so this goes to the pool that it uses.
 * @throws ConnectionError where none could be had, or it broke; the driver's error where PostgreSQL refuses a statement
 */
export async function withClient<T>(
  dataSource: DataSource,
  work: (client: PoolClient) => Promise<T>,
): Promise<T> {
  const pool = poolOf(dataSource);
  if (!pool) {
    throw new ConnectionError(new Error('The database is not in use yet'));
  }
  const client = await pool.connect();
  let broken = false;
  try {
    return await work(client);
  } catch (error) {
    broken = breaksSession(error);
    throw error;
  } finally {
    client.release(broken);
  }
}

/**
 * Runs a statement that PostgreSQL parses and plans once for each connection, and not each time: the statements of a change are long,
 * and planning one takes longer than running it.
 * @throws ConnectionError where the connection broke; the driver's error where PostgreSQL refuses
 */
export async function runPrepared<Row extends object>(
  client: PoolClient,
  { name, text }: PreparedStatement,
  values: unknown[],
): Promise<Row[]> {
  try {
    const { rows } = await client.query<Row>({ name, text, values });
    return rows;
  } catch (error) {
    throw isStatementError(error) ? error : new ConnectionError(error, true);
  }
}

/** Runs work in one transaction, at the session's own isolation. @throws what the work throws, and undoes it */
export async function inTransaction<T>(
  dataSource: DataSource,
  work: (client: PoolClient) => Promise<T>,
): Promise<T> {
  return withClient(dataSource, async (client) => {
    await runPrepared(client, BEGIN, []);
    try {
      const result = await work(client);
      await runPrepared(client, COMMIT, []);
      return result;
    } catch (error) {
      await client.query('ROLLBACK').catch(() => undefined); // the connection broke: so did the transaction
      throw error;
    }
  });
}

const BEGIN: PreparedStatement = { name: 'begin', text: 'BEGIN' };
const COMMIT: PreparedStatement = { name: 'commit', text: 'COMMIT' };

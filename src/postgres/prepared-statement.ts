import type { PoolClient } from 'pg';
import type { DataSource } from 'typeorm';
import { breaksSession, ConnectionError, isStatementError } from './errors.js';
import { poolOf } from './pool.js';

/** A statement, and the name under which each session of PostgreSQL keeps its plan. */
export interface PreparedStatement {
  readonly name: string;
  readonly text: string;
}

/**
 * Runs work on a connection of TypeORM's pool, since TypeORM cannot name statements.
 * @throws ConnectionError where no connection can be made, or it breaks; the driver's error where PostgreSQL refuses a statement
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
 * Runs a statement that PostgreSQL parses and plans once for each connection. Planning one of the long statements of a change takes longer
 * than running it.
 * @throws ConnectionError where the connection breaks; the driver's error where PostgreSQL refuses the statement
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

/** Runs work in one transaction, at the isolation of the session, and rolls it back where the work fails. @throws the error of the work */
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
      await client.query('ROLLBACK').catch(() => undefined); // a broken connection has ended the transaction
      throw error;
    }
  });
}

const BEGIN: PreparedStatement = { name: 'begin', text: 'BEGIN' };
const COMMIT: PreparedStatement = { name: 'commit', text: 'COMMIT' };

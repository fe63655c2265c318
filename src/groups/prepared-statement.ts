import type { DataSource } from 'typeorm';
import { poolOf } from '../pool.js';

/** A statement with the name that PostgreSQL keeps it under, for each connection. */
export interface PreparedStatement {
  readonly name: string;
  readonly text: string;
}

/**
 * Runs a statement that PostgreSQL parses and plans once for each connection, and not each time: the statements of a change are long,
 * and planning one takes longer than running it. TypeORM cannot name a statement, so this goes to the pool that it uses.
 * @throws the driver's error when PostgreSQL cannot be reached or refuses
 */
export async function runPrepared<Row extends object>(
  dataSource: DataSource,
  { name, text }: PreparedStatement,
  values: unknown[],
): Promise<Row[]> {
  const pool = poolOf(dataSource);
  if (!pool) {
    throw new Error('Driver not Connected');
  }
  dataSource.logger.logQuery(text, values);
  const { rows } = await pool.query<Row>({ name, text, values });
  return rows;
}

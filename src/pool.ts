import type { Pool } from 'pg';
import type { DataSource, Driver } from 'typeorm';

/** The pool of connections that TypeORM uses; undefined before the database is in use. */
export function poolOf(dataSource: DataSource): Pool | undefined {
  return dataSource.isInitialized ? (dataSource.driver as Driver & { master: Pool }).master : undefined;
}

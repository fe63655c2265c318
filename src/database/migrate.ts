import { DataSource, type DataSourceOptions } from 'typeorm';

/** Every process of this service that migrates the same database waits for the others on this lock. */
const MIGRATION_LOCK = 0x0913_0002;

/**
 * Applies the pending migrations, each in a transaction of its own, one process at a time.
 * @returns the names of those applied
 * @throws the driver's error, when one fails (the database is then as it was before that one) or PostgreSQL cannot be reached
 */
export async function migrate(options: DataSourceOptions): Promise<string[]> {
  const dataSource = await new DataSource(untimed(options)).initialize();
  try {
    const holder = dataSource.createQueryRunner();
    await holder.query('SELECT pg_advisory_lock($1)', [MIGRATION_LOCK]);
    return (await dataSource.runMigrations()).map((migration) => migration.name);
  } finally {
    await dataSource.destroy(); // closes the session and with it frees the lock
  }
}

/** Whether the database lacks migrations that this version of the service needs. */
export async function hasPendingMigrations(options: DataSourceOptions): Promise<boolean> {
  const dataSource = await new DataSource(untimed(options)).initialize();
  try {
    return await dataSource.showMigrations();
  } finally {
    await dataSource.destroy();
  }
}

/** A migration takes as long as it takes: without the time limits of the service's own statements. */
function untimed(options: DataSourceOptions): DataSourceOptions {
  return { ...options, extra: {}, poolSize: 2 } as DataSourceOptions;
}

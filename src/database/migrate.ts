import { setTimeout as sleep } from 'node:timers/promises';
import { DataSource, type DataSourceOptions } from 'typeorm';

/** Replicas that start together on the same database wait for each other on this lock. TypeORM's CLI does not take it. */
const MIGRATION_LOCK = 0x0913_0002;
const RETRY_MS = 250;

/**
 * Applies the pending migrations, each in a transaction of its own, one replica at a time.
 * @param abort ends the waiting for another replica
 * @returns the names of those applied
 * @throws the driver's error, when one fails (the database is then as it was before that one) or PostgreSQL cannot be reached;
 *   an AbortError
 */
export async function migrate(options: DataSourceOptions, abort?: AbortSignal): Promise<string[]> {
  const dataSource = await new DataSource(untimed(options)).initialize();
  try {
    const holder = dataSource.createQueryRunner();
    while (!(await isTrue(holder.query('SELECT pg_try_advisory_lock($1) AS is', [MIGRATION_LOCK])))) {
      await sleep(RETRY_MS, undefined, { signal: abort });
    }
    return (await dataSource.runMigrations()).map((migration) => migration.name);
  } finally {
    await dataSource.destroy(); // closes the session and with it frees the lock
  }
}

/** Whether the database lacks migrations that this version of the service needs. Reads only: the role may have no more rights. */
export async function hasPendingMigrations(options: DataSourceOptions): Promise<boolean> {
  const dataSource = await new DataSource(untimed(options)).initialize();
  try {
    const table = options.migrationsTableName;
    if (!(await isTrue(dataSource.query('SELECT to_regclass($1) IS NOT NULL AS is', [table])))) {
      return true;
    }
    const applied = await dataSource.query<{ name: string }[]>(`SELECT name FROM ${table}`);
    const names = new Set(applied.map(({ name }) => name));
    return dataSource.migrations.some(
      (migration) => !names.has(migration.name ?? migration.constructor.name),
    );
  } finally {
    await dataSource.destroy();
  }
}

async function isTrue(answer: Promise<unknown>): Promise<boolean> {
  const [row] = (await answer) as { is: boolean }[];
  return row?.is ?? false;
}

/** A migration takes as long as it takes: without the time limits of the service's own statements. */
function untimed(options: DataSourceOptions): DataSourceOptions {
  return { ...options, extra: {}, poolSize: 2 } as DataSourceOptions;
}

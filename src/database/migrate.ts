import { setTimeout as sleep } from 'node:timers/promises';
import type { PoolClient } from 'pg';
import { DataSource, type DataSourceOptions, MigrationExecutor, type QueryRunner } from 'typeorm';
import { MIGRATIONS } from '../postgres/advisory-locks.js';
import { ConnectionError } from '../postgres/errors.js';
import { DatabaseLogger } from './typeorm-logger.js';

const RETRY_MS = 250;

/**
 * Applies the pending migrations, all or none, one replica at a time: the lock is the transaction's, and PostgreSQL ends a transaction
 * whose replica is frozen or cut off (`idle_in_transaction_session_timeout`).
 * @param options with `extra` for sessions without limits of time
 * @param schema is created where it does not exist; undefined: none is
 * @param abort ends the waiting for another replica
 * @returns the names of those applied
 * @throws the driver's error, when one fails (the database is then as it was before) or PostgreSQL cannot be reached; an AbortError
 */
export async function migrate(
  options: DataSourceOptions,
  schema?: string,
  abort?: AbortSignal,
): Promise<string[]> {
  const dataSource = await connect(options, 2);
  const runner = dataSource.createQueryRunner();
  let lost: Error | undefined;
  try {
    const connection = (await runner.connect()) as PoolClient;
    connection.on('error', (error) => (lost = error));
    await runner.startTransaction('READ COMMITTED'); // so that it sees what the replica before it has committed
    while (!(await isTrue(runner.query('SELECT pg_try_advisory_xact_lock($1) AS is', [MIGRATIONS])))) {
      await sleep(RETRY_MS, undefined, { signal: abort });
    }
    if (schema !== undefined) {
      await createSchema(runner, schema);
    }
    const executor = new MigrationExecutor(dataSource, runner);
    executor.transaction = 'all';
    const applied = await executor.executePendingMigrations();
    await runner.commitTransaction();
    return applied.map((migration) => migration.name);
  } catch (error) {
    throw lost ? new ConnectionError(lost) : error;
  } finally {
    await dataSource.destroy(); // closes the session, and with it ends a transaction that was not committed
  }
}

/** Which of the migrations that this version of the service needs the database lacks. Reads only: the role may have no more rights. */
export async function pendingMigrations(options: DataSourceOptions): Promise<'none' | 'some' | 'all'> {
  const dataSource = await connect(options, 1);
  try {
    const table = options.migrationsTableName;
    if (!(await isTrue(dataSource.query('SELECT to_regclass($1) IS NOT NULL AS is', [table])))) {
      return 'all';
    }
    const applied = await dataSource.query<{ name: string }[]>(`SELECT name FROM ${table}`);
    const names = new Set(applied.map(({ name }) => name));
    const { migrations } = dataSource;
    const pending = migrations.filter(({ name, constructor }) => !names.has(name ?? constructor.name)).length;
    return pending === 0 ? 'none' : pending === migrations.length ? 'all' : 'some';
  } finally {
    await dataSource.destroy();
  }
}

function connect(options: DataSourceOptions, poolSize: number): Promise<DataSource> {
  return new DataSource({
    ...options,
    poolSize,
    logger: new DatabaseLogger(),
  } as DataSourceOptions).initialize();
}

/** CREATE SCHEMA IF NOT EXISTS would ask for the right to create one also where it exists. */
async function createSchema(runner: QueryRunner, schema: string): Promise<void> {
  const exists = runner.query('SELECT to_regnamespace(quote_ident($1)) IS NOT NULL AS is', [schema]);
  if (!(await isTrue(exists))) {
    await runner.query(`CREATE SCHEMA "${schema.replaceAll('"', '""')}"`);
  }
}

async function isTrue(answer: Promise<unknown>): Promise<boolean> {
  const [row] = (await answer) as { is: boolean }[];
  return row?.is ?? false;
}

import { setTimeout as sleep } from 'node:timers/promises';
import type { PoolClient } from 'pg';
import { DataSource, type DataSourceOptions, MigrationExecutor, type QueryRunner } from 'typeorm';
import { MIGRATIONS } from '../postgres/advisory-locks.js';
import { ConnectionError } from '../postgres/errors.js';
import { DatabaseLogger } from './typeorm-logger.js';

/** Interval of attempts to take the lock, in ms. */
const RETRY_MS = 250;

export interface MigrateOptions {
  /** The schema to create if it does not exist. */
  readonly schema?: string;
  /** Ends the wait for another replica. */
  readonly abort?: AbortSignal;
  /** Receives the names of the pending migrations before they are applied, if there are any. */
  readonly onPending?: (names: string[]) => void;
}

/**
 * Applies the pending migrations, all or none, one replica at a time. The lock belongs to the transaction, and PostgreSQL ends a transaction
 * whose replica is frozen or disconnected (`idle_in_transaction_session_timeout`). TypeORM's CLI does not take the lock.
 * @param options with `extra` for sessions without time limits
 * @returns the names of the migrations that were applied
 * @throws the driver's error, where a migration fails (the database is then unchanged) or PostgreSQL cannot be reached; an AbortError
 */
export async function migrate(
  options: DataSourceOptions,
  { schema, abort, onPending }: MigrateOptions = {},
): Promise<string[]> {
  const dataSource = await connect(options, 2);
  const runner = dataSource.createQueryRunner();
  let lost: Error | undefined;
  try {
    const connection = (await runner.connect()) as PoolClient;
    connection.on('error', (error) => (lost = error));
    await runner.startTransaction('READ COMMITTED'); // so that it sees the migrations of the replica before it
    while (!(await isTrue(runner.query('SELECT pg_try_advisory_xact_lock($1) AS is', [MIGRATIONS])))) {
      await sleep(RETRY_MS, undefined, { signal: abort });
    }
    if (schema !== undefined) {
      await createSchema(runner, schema);
    }
    const executor = new MigrationExecutor(dataSource, runner);
    executor.transaction = 'all';
    const pending = await executor.getPendingMigrations();
    if (pending.length > 0) {
      onPending?.(pending.map(({ name }) => name));
    }
    const applied = await executor.executePendingMigrations();
    await runner.commitTransaction();
    return applied.map((migration) => migration.name);
  } catch (error) {
    throw lost ? new ConnectionError(lost) : error;
  } finally {
    await dataSource.destroy(); // ends the session, with a transaction that is not committed
  }
}

/** Returns how many migrations of this version are pending. Only reads: the role may have no other rights. */
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

/** Opens a pool without entities, which migrations do not use and TypeORM prepares for long. */
function connect(options: DataSourceOptions, poolSize: number): Promise<DataSource> {
  return new DataSource({
    ...options,
    entities: [],
    poolSize,
    logger: new DatabaseLogger(),
  } as DataSourceOptions).initialize();
}

/** CREATE SCHEMA IF NOT EXISTS requires the right to create schemas even where the schema exists. */
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

import pg, { type ClientConfig, Pool, type PoolClient, type PoolConfig } from 'pg';
import type { DataSource, Driver } from 'typeorm';
import { ConnectionError } from './errors.js';
import { prepareSession, type SessionSettings } from './session.js';

type Callback = (error?: Error, client?: PoolClient, release?: (error?: Error | boolean) => void) => void;

/** node-postgres's pool; it throws ConnectionError where no connection can be made. */
class ServicePool extends Pool {
  override connect(): Promise<PoolClient>;
  override connect(callback: Callback): void;
  override connect(callback?: Callback): Promise<PoolClient> | void {
    if (!callback) {
      return super.connect().catch((error: unknown) => Promise.reject(new ConnectionError(error)));
    }
    super.connect((error, client, release) =>
      callback(error ? new ConnectionError(error) : undefined, client, release),
    );
  }
}

/** node-postgres with `ServicePool`, for TypeORM's option `driver`. */
export const driver: typeof pg = Object.assign(Object.create(pg) as typeof pg, { Pool: ServicePool });

/**
 * Returns the options of the pool, TypeORM's `extra`. A statement without an answer 5 s after its own time limit breaks the connection.
 * @param connection the address of PostgreSQL
 */
export function poolOptions(connection: ClientConfig, session: SessionSettings): PoolConfig {
  return {
    ...connection,
    keepAlive: true,
    query_timeout: session.statementTimeoutMs === 0 ? undefined : session.statementTimeoutMs + 5000,
    // The pool waits for the promise before it hands the connection out (pg-pool, newClient); its types do not say so.
    // oxlint-disable-next-line typescript/no-misused-promises
    onConnect: (client) => {
      client.on('error', () => undefined); // the statement in progress is rejected; the next one gets another connection
      return prepareSession(client, session);
    },
  };
}

/** Returns TypeORM's pool; undefined before the database is in use. */
export function poolOf(dataSource: DataSource): Pool | undefined {
  return dataSource.isInitialized ? (dataSource.driver as Driver & { master: Pool }).master : undefined;
}

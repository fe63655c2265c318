import pg, { type ClientConfig, Pool, type PoolClient, type PoolConfig } from 'pg';
import type { DataSource, Driver } from 'typeorm';
import { ConnectionError } from './errors.js';
import { prepareSession, type SessionSettings } from './session.js';

type Callback = (error?: Error, client?: PoolClient, release?: (error?: Error | boolean) => void) => void;

/** node-postgres's pool, which says of a failure that it is one of the connection. */
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
 * What TypeORM hands to the pool (its option `extra`). A connection without an answer of any kind for 35 s is given up.
 * @param connection where PostgreSQL is
 */
export function poolOptions(connection: ClientConfig, session: SessionSettings): PoolConfig {
  return {
    ...connection,
    keepAlive: true,
    query_timeout: session.statementTimeoutMs === 0 ? undefined : session.statementTimeoutMs + 5000,
    // The pool waits for the promise before it hands the connection out (pg-pool, newClient); its types do not say so.
    // oxlint-disable-next-line typescript/no-misused-promises
    onConnect: (client) => {
      client.on('error', () => undefined); // the statement under way rejects, the next one goes to another connection
      return prepareSession(client, session);
    },
  };
}

/** The pool of connections that TypeORM uses; undefined before the database is in use. */
export function poolOf(dataSource: DataSource): Pool | undefined {
  return dataSource.isInitialized ? (dataSource.driver as Driver & { master: Pool }).master : undefined;
}

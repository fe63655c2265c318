import { Client, type ClientConfig } from 'pg';

/** Number of attempts. A pooler may have several idle sessions: two clients then get the same one only sometimes. */
const TRIES = 3;

/**
 * Detects a pooler in transaction mode: two clients that are connected at the same time get the same session. Call it before a session is
 * prepared, since the settings would reach sessions of other clients.
 * @throws the error of the connection
 */
export async function isTransactionPooled(connection: ClientConfig, timeoutMs: number): Promise<boolean> {
  const options = { ...connection, connectionTimeoutMillis: timeoutMs, query_timeout: timeoutMs };
  const [one, other] = [new Client(options), new Client(options)];
  [one, other].forEach((client) => client.on('error', () => undefined)); // the query in progress rejects
  try {
    await Promise.all([one.connect(), other.connect()]);
    for (let tries = 0; tries < TRIES; tries += 1) {
      const session = await sessionOf(one);
      await other.query('BEGIN');
      const isSame = (await sessionOf(other)) === session;
      await other.query('ROLLBACK');
      if (isSame) {
        return true;
      }
    }
    return false;
  } finally {
    await Promise.all([one.end(), other.end()].map((end) => end.catch(() => undefined)));
  }
}

async function sessionOf(client: Client): Promise<number> {
  const { rows } = await client.query<{ pid: number }>('SELECT pg_backend_pid() AS pid');
  return rows[0]!.pid;
}

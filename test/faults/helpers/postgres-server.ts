import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { openSync } from 'node:fs';
import { chmod, chown, copyFile, readdir, readFile, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { Client } from 'pg';
import { EmbeddedPostgres } from '../../../src/embedded-postgres/embedded-postgres.js';
import { findPostgresBinaries } from '../../../src/embedded-postgres/postgres-binaries.js';
import type { Certificate } from '../../helpers/certificate.js';
import { eventually } from '../../helpers/process.js';
import { freePort } from './ports.js';
import { scratchFolder } from './scratch-folder.js';

/**
 * A PostgreSQL with its default durability that tests can kill, stop and start. Uses the cluster and the programs of
 * `EmbeddedPostgres`, but without its automatic restart.
 */
export class PostgresServer {
  private child!: ChildProcess;
  /** Owner of its processes and files. */
  private readonly owner = { uid: 0, gid: 0 };

  private constructor(
    private readonly folder: string,
    private readonly port: number,
    private readonly password: string,
    private settings: Readonly<Record<string, string>>,
  ) {}

  /** @param folder an empty folder; a temporary one by default */
  static async create(settings: Record<string, string> = {}, folder?: string): Promise<PostgresServer> {
    const home = folder ?? (await scratchFolder());
    const embedded = await EmbeddedPostgres.start(home);
    await embedded.stop();
    await chmod(home, 0o755);
    const password = await readFile(join(home, 'postgres.password'), 'utf8');
    const server = new PostgresServer(home, await freePort(), password, settings);
    await server.start();
    return server;
  }

  get url(): string {
    return `postgres://postgres:${this.password}@127.0.0.1:${this.port}/openim_group_sync`;
  }

  private get cluster(): string {
    return join(this.folder, 'postgres');
  }

  /** Restarts PostgreSQL with TLS and this certificate. */
  async useCertificate({ key, certificate }: Certificate): Promise<void> {
    const files = {
      ssl_key_file: join(this.cluster, 'key'),
      ssl_cert_file: join(this.cluster, 'certificate'),
    };
    await this.stop();
    await copyFile(key, files.ssl_key_file);
    await copyFile(certificate, files.ssl_cert_file);
    await chown(files.ssl_key_file, this.owner.uid, this.owner.gid);
    this.settings = { ...this.settings, ssl: 'on', ...files };
    await this.start();
  }

  get isAlive(): boolean {
    return this.child.exitCode === null && this.child.signalCode === null;
  }

  /** Starts PostgreSQL and waits until it accepts connections, after the recovery from a kill. */
  async start(): Promise<void> {
    const { postgres } = await findPostgresBinaries();
    const { cluster } = this;
    const { uid, gid } = await stat(cluster);
    Object.assign(this.owner, { uid, gid });
    const settings = { listen_addresses: '127.0.0.1', unix_socket_directories: '', ...this.settings };
    const asOwner = `--reuid=${uid} --regid=${gid} --clear-groups --inh-caps=+dac_override --ambient-caps=+dac_override`;
    const [command, ...args] = [
      ...(process.getuid?.() === 0 ? ['setpriv', '--pdeathsig', 'SIGQUIT', ...asOwner.split(' ')] : []),
      postgres,
      '-D',
      cluster,
      '-p',
      String(this.port),
      ...Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]),
    ];
    const log = openSync(join(this.folder, 'postgres.log'), 'a');
    this.child = spawn(command!, args, { cwd: cluster, stdio: ['ignore', log, log] });
    await eventually(async () => {
      const client = new Client({ connectionString: this.url, connectionTimeoutMillis: 2000 });
      await client.connect();
      await client.end();
      return true;
    }, 60_000);
  }

  /** Sends SIGKILL to the postmaster and all its children. Simulates a power loss, except that the page cache survives. */
  async kill(): Promise<void> {
    const pids = await this.processes();
    const exit = once(this.child, 'exit');
    pids.forEach((pid) => signal(pid, 'SIGKILL'));
    await exit;
    await eventually(async () => pids.every((pid) => !signal(pid, 0)));
  }

  /** Suspends all its processes. */
  async pause(): Promise<void> {
    (await this.processes()).forEach((pid) => signal(pid, 'SIGSTOP'));
  }

  async resume(): Promise<void> {
    (await this.processes()).forEach((pid) => signal(pid, 'SIGCONT'));
  }

  /** Does a fast shutdown, which aborts open transactions. */
  async stop(): Promise<void> {
    if (this.isAlive) {
      const exit = once(this.child, 'exit');
      this.child.kill('SIGINT');
      await exit;
    }
  }

  /** Stops PostgreSQL and removes its data. */
  async remove(): Promise<void> {
    if (this.isAlive) {
      await this.resume();
    }
    await this.stop();
    await rm(this.folder, { recursive: true, force: true });
  }

  /** Returns the end of its log. */
  async logTail(): Promise<string> {
    return (await readFile(join(this.folder, 'postgres.log'), 'utf8')).split('\n').slice(-30).join('\n');
  }

  private async processes(): Promise<number[]> {
    const postmaster = this.child.pid!;
    const pids = (await readdir('/proc')).map(Number).filter((pid) => pid > 0);
    const parents = await Promise.all(pids.map(parentOf));
    return [postmaster, ...pids.filter((_, index) => parents[index] === postmaster)];
  }
}

async function parentOf(pid: number): Promise<number> {
  const line = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
  return Number(line.slice(line.lastIndexOf(')')).split(' ')[2]);
}

/** @returns whether the process exists */
function signal(pid: number, name: NodeJS.Signals | 0): boolean {
  try {
    return process.kill(pid, name);
  } catch {
    return false;
  }
}

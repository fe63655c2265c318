import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

/** Where Debian puts it, and others. */
const PROGRAM = ['/usr/sbin/pgbouncer', '/usr/bin/pgbouncer', '/usr/local/bin/pgbouncer'].find((path) =>
  existsSync(path),
);

/** PgBouncer in front of a PostgreSQL, as its package ships it but for what is given. */
export class PgBouncer {
  /** Whether it is installed here. */
  static get isInstalled() {
    return PROGRAM !== undefined;
  }

  /**
   * @param {string} postgresUrl
   * @param {Record<string, string>} settings of the section [pgbouncer]
   */
  static async start(postgresUrl, settings = {}) {
    const { hostname, port, username, password } = new URL(postgresUrl);
    const folder = await mkdtemp(join(tmpdir(), 'openim-group-sync-pgbouncer-'));
    await chmod(folder, 0o755);
    const own = Number(settings.listen_port ?? (await freePort()));
    const all = {
      listen_addr: '127.0.0.1',
      listen_port: own,
      auth_type: 'any',
      unix_socket_dir: '',
      ...settings,
    };
    const server = `host=${hostname} port=${port} user=${decodeURIComponent(username)} password=${decodeURIComponent(password)}`;
    const path = join(folder, 'pgbouncer.ini');
    await writeFile(
      path,
      `[databases]\n* = ${server}\n[pgbouncer]\n${Object.entries(all)
        .map((entry) => entry.join(' = '))
        .join('\n')}\n`,
    );
    const asUser = process.getuid?.() === 0 ? ['-u', 'nobody'] : [];
    const child = spawn(PROGRAM, ['-q', ...asUser, path], { stdio: 'ignore' });
    for (let tries = 0; !(await answers(own)); tries += 1) {
      if (tries > 100 || child.exitCode !== null) {
        child.kill('SIGKILL');
        throw new Error('PgBouncer did not start');
      }
      await sleep(50);
    }
    const url = new URL(postgresUrl);
    url.port = String(own);
    return Object.assign(new PgBouncer(), { url: url.href, child, folder });
  }

  /** Ends it, and with it all connections. */
  async stop() {
    if (this.child.exitCode === null && this.child.signalCode === null) {
      const exit = once(this.child, 'exit');
      this.child.kill('SIGTERM');
      await exit;
    }
    await rm(this.folder, { recursive: true, force: true });
  }
}

async function freePort() {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  server.close();
  await once(server, 'close');
  return port;
}

async function answers(port) {
  const socket = connect(port, '127.0.0.1');
  const [event] = await Promise.race([
    once(socket, 'connect').then(() => [true]),
    once(socket, 'error').then(() => [false]),
  ]).catch(() => [false]);
  socket.destroy();
  return event;
}

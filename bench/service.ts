import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { open, readFile } from 'node:fs/promises';
import { Agent } from 'node:http';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Answer, exchange } from './exchange.js';
import type { Resources } from './resources.js';

const ROOT = join(import.meta.dirname, '../..');
const START_TIMEOUT_MS = 30_000;
const POLL_MS = 5;
/** Unit of the times in `/proc/PID/stat`, on all platforms of Node. */
const TICKS_PER_SECOND = 100;
const ADMIN_KEY = 'bench-admin-key';
/** Node's flags in the image. */
const FLAGS = commandOfImage().slice(1, -1);

/** Returns the words of `CMD` in the Dockerfile: node, its flags, the file. */
function commandOfImage(): string[] {
  const [, command] = /^CMD (\[.*\])$/m.exec(readFileSync(join(ROOT, 'Dockerfile'), 'utf8'))!;
  return JSON.parse(command!) as string[];
}

/** The service as shipped, in its own process, with its log in a file. */
export class Service {
  /** Token of its callbacks. */
  readonly token = 'bench-callback-token';
  /** Time from the start of the process to the first 200 of `/health/ready`. */
  readyMs = NaN;
  private readonly agent = new Agent({ keepAlive: true, maxSockets: 1 });

  private constructor(
    readonly url: string,
    private readonly child: ChildProcess,
  ) {}

  /**
   * Starts the service and waits until it is ready.
   * @param folder the folder of its log
   * @param settings further settings
   */
  static async start(
    resources: Resources,
    {
      databaseUrl,
      port,
      folder,
      settings = {},
    }: { databaseUrl: string; port: number; folder: string; settings?: Record<string, string> },
  ): Promise<Service> {
    const logFile = join(folder, 'service.log');
    const log = await open(logFile, 'w');
    const start = performance.now();
    const child = spawn(process.execPath, [...FLAGS, join(ROOT, 'dist/src/main.js')], {
      cwd: folder,
      stdio: ['ignore', log.fd, log.fd],
      env: {
        PATH: process.env['PATH'],
        MALLOC_ARENA_MAX: '2',
        NODE_ENV: 'production',
        LOG_LEVEL: 'info',
        HOST: '127.0.0.1',
        PORT: String(port),
        DATABASE_URL: databaseUrl,
        DATA_DIR: folder,
        CALLBACK_TOKEN: 'bench-callback-token',
        ADMIN_API_KEY: ADMIN_KEY,
        ...settings,
      },
    });
    const service = new Service(`http://127.0.0.1:${port}`, child);
    resources.add(() => service.stop());
    await log.close();
    while (!(await service.isReady())) {
      if (child.exitCode !== null || performance.now() - start > START_TIMEOUT_MS) {
        throw new Error(`The service did not start:\n${await readFile(logFile, 'utf8')}`);
      }
      await sleep(POLL_MS);
    }
    service.readyMs = performance.now() - start;
    return service;
  }

  /** Requests a page of the admin API. */
  async read(path: string): Promise<Answer> {
    const answer = await exchange(this.agent, `${this.url}/admin${path}`, {
      authorization: `Bearer ${ADMIN_KEY}`,
    });
    if (answer.status !== 200) {
      throw new Error(`GET /admin${path} was answered with ${answer.status}: ${answer.text}`);
    }
    return answer;
  }

  /** Returns the resident memory in MB, undefined on systems without `/proc`. */
  residentMB(): Promise<number | undefined> {
    return this.statusMB('VmRSS');
  }

  /** Returns the highest resident memory so far in MB, undefined on systems without `/proc`. */
  peakMB(): Promise<number | undefined> {
    return this.statusMB('VmHWM');
  }

  /** Returns the processor time so far in seconds, NaN on systems without `/proc`. */
  async cpuSeconds(): Promise<number> {
    const stat = await readFile(`/proc/${this.child.pid}/stat`, 'utf8').catch(() => '');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
  }

  async stop(): Promise<void> {
    this.agent.destroy();
    if (this.child.exitCode === null && this.child.signalCode === null) {
      const exit = once(this.child, 'exit');
      this.child.kill('SIGTERM');
      await exit;
    }
  }

  private async statusMB(field: 'VmRSS' | 'VmHWM'): Promise<number | undefined> {
    const status = await readFile(`/proc/${this.child.pid}/status`, 'utf8').catch(() => '');
    const [, kB] = new RegExp(`^${field}:\\s+(\\d+) kB$`, 'm').exec(status) ?? [];
    return kB === undefined ? undefined : Number(kB) / 1024;
  }

  private async isReady(): Promise<boolean> {
    const health = exchange(this.agent, `${this.url}/health/ready`, {});
    return health.then(
      ({ status }) => status === 200,
      () => false,
    );
  }
}

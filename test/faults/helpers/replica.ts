import { rm } from 'node:fs/promises';
import { eventually, ServiceProcess } from '../../helpers/process.js';
import { freePort } from './ports.js';
import { scratchFolder } from './scratch-folder.js';

/** Command prefix that ends the service together with the test process. */
const KILLED_WITH_PARENT = process.platform === 'linux' ? ['setpriv', '--pdeathsig', 'SIGKILL'] : [];

/** One replica of the service. Its port and its DATA_DIR outlive its process. */
export class Replica {
  private process?: ServiceProcess;

  private constructor(
    private readonly port: number,
    private readonly dataDir: string,
    private readonly environment: Record<string, string>,
  ) {}

  /** Creates and starts a replica, and waits until it is ready. */
  static async start(databaseUrl: string, environment: Record<string, string> = {}): Promise<Replica> {
    const replica = new Replica(await freePort(), await scratchFolder(), {
      DATABASE_URL: databaseUrl,
      LOG_LEVEL: 'error',
      JOURNAL: 'on',
      ...environment,
    });
    replica.run();
    await replica.ready();
    return replica;
  }

  /** Folder of its journal. */
  get folder(): string {
    return this.dataDir;
  }

  /** Suspends or resumes its process. */
  signal(name: 'SIGSTOP' | 'SIGCONT'): void {
    this.process!.child.kill(name);
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  /** Whether its last started process runs. */
  get isAlive(): boolean {
    return this.process?.child.exitCode === null && this.process.child.signalCode === null;
  }

  get log(): string {
    return this.process?.log ?? '';
  }

  /** Starts its process. */
  run(): void {
    this.process = ServiceProcess.start(
      { ...this.environment, PORT: String(this.port), DATA_DIR: this.dataDir },
      KILLED_WITH_PARENT,
    );
  }

  /** Sends a signal and waits for the exit. SIGTERM does a graceful shutdown. */
  async end(signal: 'SIGTERM' | 'SIGKILL'): Promise<number | null> {
    return this.process!.end(signal);
  }

  async ready(): Promise<void> {
    await eventually(async () => (await fetch(`${this.url}/health/ready`)).ok, 60_000).catch(
      (error: unknown) => {
        throw new Error(`${String(error)}\n${this.log.slice(-3000)}`);
      },
    );
  }

  /** Waits until the replica is ready and its journal is empty. */
  async drained(): Promise<void> {
    await this.ready();
    await eventually(async () => {
      const response = await fetch(`${this.url}/admin/stats`, { headers: { authorization: 'Bearer k' } });
      const { journal } = (await response.json()) as { journal: { waiting: number } };
      return journal.waiting === 0;
    }, 120_000);
  }

  /** Ends the process and removes its DATA_DIR. */
  async remove(): Promise<void> {
    if (this.isAlive) {
      await this.end('SIGTERM');
    }
    await rm(this.dataDir, { recursive: true, force: true });
  }
}

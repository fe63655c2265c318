import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

const ROOT = join(import.meta.dirname, '../..');

/** The service as its users run it: `node dist/src/main.js` with its own environment, on a free port. */
export class ServiceProcess {
  private static readonly running = new Set<ServiceProcess>();
  private output = '';
  readonly exited: Promise<[number | null, NodeJS.Signals | null]>;

  private constructor(readonly child: ChildProcess) {
    child.stdout?.on('data', (data) => (this.output += String(data)));
    child.stderr?.on('data', (data) => (this.output += String(data)));
    this.exited = once(child, 'exit') as Promise<[number | null, NodeJS.Signals | null]>;
    ServiceProcess.running.add(this);
    child.once('exit', () => ServiceProcess.running.delete(this));
  }

  /** @param prefix a command that runs it, such as setpriv */
  static start(environment: Record<string, string>, prefix: string[] = []): ServiceProcess {
    const [command, ...args] = [...prefix, process.execPath, join(ROOT, 'dist/src/main.js')];
    const env = {
      PATH: process.env['PATH'],
      NODE_ENV: 'test',
      PORT: '0',
      ADMIN_API_KEY: 'k',
      CALLBACK_TOKEN: 't',
      JOURNAL: 'off', // processes cannot share a journal folder; a test of the journal sets DATA_DIR
      ...environment,
    };
    return new ServiceProcess(spawn(command, args, { cwd: ROOT, env, stdio: ['ignore', 'pipe', 'pipe'] }));
  }

  /** Ends the processes that a failed test left running. */
  static async endAll(): Promise<void> {
    await Promise.all(Array.from(ServiceProcess.running, (service) => service.end()));
  }

  /** Its output so far. */
  get log(): string {
    return this.output;
  }

  /** Waits until it listens, and returns its url. */
  async url(): Promise<string> {
    const [, json, readable] = await this.says(
      /"url":"(http:\/\/[\d.:]+)","msg":"Listening"|Listening {"url":"(http:\/\/[\d.:]+)"}/,
    );
    return json ?? readable!;
  }

  /** Waits until its output matches, for at most 30 s. */
  async says(pattern: RegExp): Promise<RegExpExecArray> {
    for (const end = Date.now() + 30_000; Date.now() < end; await sleep(20)) {
      const match = pattern.exec(this.output);
      if (match) {
        return match;
      }
      if (this.child.exitCode !== null && !pattern.test(this.output)) {
        break;
      }
    }
    throw new Error(`The service did not say ${pattern}, but:\n${this.output}`);
  }

  async post(body: object): Promise<{ status: number; body: unknown }> {
    const command = 'callbackAfterCreateGroupCommand';
    const response = await fetch(`${await this.url()}/callback/${command}`, {
      method: 'POST',
      body: JSON.stringify({ callbackCommand: command, ownerUserID: 'o', createTime: 1, ...body }),
      headers: { 'content-type': 'application/json', authorization: `Basic ${btoa('openim:t')}` },
    });
    return { status: response.status, body: await response.json() };
  }

  async get(path: string): Promise<{ status: number; body: Record<string, unknown> }> {
    const response = await fetch(`${await this.url()}${path}`, { headers: { authorization: 'Bearer k' } });
    return { status: response.status, body: (await response.json()) as Record<string, unknown> };
  }

  /** Sends a signal, and waits until the process ends. */
  async end(signal: NodeJS.Signals = 'SIGTERM'): Promise<number | null> {
    this.child.kill(signal);
    const [code] = await this.exited;
    return code;
  }
}

/**
 * Repeats a probe until it holds: until it returns true, or returns nothing because its assertions pass.
 * @param withinMs time limit, in ms
 * @throws Error with the last failed assertion, or the last returned value, and how long it waited
 */
export async function eventually(
  probe: () => Promise<boolean | void> | boolean | void,
  withinMs = 20_000,
): Promise<void> {
  const start = performance.now();
  let attempts = 0;
  let problem = 'the probe was never run';
  let cause: unknown;
  do {
    attempts += 1;
    try {
      const value = await probe();
      if (value !== false) {
        return;
      }
      problem = `the probe last returned ${value}: ${String(probe)}`;
      cause = undefined;
    } catch (error) {
      problem = `the probe last failed: ${error instanceof Error ? error.message : String(error)}`;
      cause = error;
    }
    await sleep(50);
  } while (performance.now() - start < withinMs);
  const seconds = ((performance.now() - start) / 1000).toFixed(1);
  throw new Error(`It did not hold within ${seconds} s (${attempts} attempts): ${problem}`, { cause });
}

/**
 * Repeats a search until it finds nothing. What it finds is formatted only at the end: that takes longer than most searches.
 * @throws Error with what it found last
 */
export async function becomesEmpty(find: () => Promise<unknown[]>, withinMs?: number): Promise<void> {
  await eventually(async () => (await find()).length === 0, withinMs).catch(async (error: unknown) => {
    expect(await find()).toEqual([]);
    throw error;
  });
}

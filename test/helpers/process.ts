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

  /** @param prefix command that runs the service, such as `setpriv` with its arguments */
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

  /** Ends all processes that a failed test left running. */
  static async endAll(): Promise<void> {
    await Promise.all(Array.from(ServiceProcess.running, (service) => service.end()));
  }

  /** Everything that the process has written so far. */
  get log(): string {
    return this.output;
  }

  /** Waits until the service listens, and returns its URL. */
  async url(): Promise<string> {
    const [, json, readable] = await this.says(
      /"url":"(http:\/\/[\d.:]+)","msg":"Listening"|Listening {"url":"(http:\/\/[\d.:]+)"}/,
    );
    return json ?? readable!;
  }

  /** Waits until the log matches the pattern. Fails after 30 s, or when the process ends without a match. */
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
 * Repeats a probe every 50 ms until it returns true.
 * @throws Error with the waiting time and the last failure: the last error of the probe, or its source if it returned false
 */
export async function eventually(holds: () => Promise<boolean>, withinMs = 20_000): Promise<void> {
  const start = Date.now();
  let last: boolean | { error: unknown } = false;
  for (const end = start + withinMs; Date.now() < end; await sleep(50)) {
    last = await holds().catch((error: unknown) => ({ error }));
    if (last === true) {
      return;
    }
  }
  const waited = `Waited ${((Date.now() - start) / 1000).toFixed(1)} s`;
  if (typeof last === 'boolean') {
    throw new Error(`${waited}; the probe still returned false: ${String(holds)}`);
  }
  const { error } = last;
  const text = error instanceof Error ? error.message : String(error);
  throw new Error(`${waited}; the probe failed last with: ${text}`, { cause: error });
}

import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Resources } from '../resources.js';

const SOURCES = join(import.meta.dirname, '../../../bench/peers/go');
const BUILD_TIMEOUT_MS = 300_000;

/**
 * Builds the Go receiver. The first build downloads its modules.
 * @param folder the folder of the program
 * @returns the path of the program
 * @throws an Error where Go is not installed or the build fails
 */
export async function buildGoReceiver(folder: string): Promise<string> {
  const program = join(folder, 'go-receiver');
  await promisify(execFile)('go', ['build', '-o', program, '.'], {
    cwd: SOURCES,
    timeout: BUILD_TIMEOUT_MS,
  });
  return program;
}

/** Starts the Go receiver and waits until it listens. */
export async function startGoReceiver(
  resources: Resources,
  program: string,
  databaseUrl: string,
  port: number,
): Promise<void> {
  const child = spawn(program, [databaseUrl, String(port)], { stdio: ['ignore', 'pipe', 'inherit'] });
  const exit = once(child, 'exit');
  resources.add(async () => {
    child.kill('SIGKILL');
    await exit;
  });
  const listening = once(child.stdout, 'data');
  const ended = exit.then(([code]) => Promise.reject(new Error(`The Go receiver ended with ${code}`)));
  await Promise.race([listening, ended]);
}

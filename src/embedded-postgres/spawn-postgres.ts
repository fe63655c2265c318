import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { open, readFile, stat } from 'node:fs/promises';
import { searchPath } from '../config/read-config.js';
import { EmbeddedPostgresError } from './embedded-postgres-error.js';

/** A running program of PostgreSQL. */
export interface PostgresProcess {
  readonly child: ChildProcess;
  /** Returns the last five lines of its output. */
  readonly lastOutput: () => Promise<string>;
}

/**
 * Spawns a program of PostgreSQL in its own session: Ctrl-C in a terminal reaches the service only, which then shuts PostgreSQL down. If the
 * service runs as root, the program runs as the owner of the cluster; the capability lets that user reach a cluster below a folder that only
 * root may enter.
 * @param logFile the file for the output of the program
 * @throws EmbeddedPostgresError where the program cannot be executed
 */
export async function spawnPostgres(
  cluster: string,
  logFile: string,
  binary: string,
  args: string[],
): Promise<PostgresProcess> {
  const log = await open(logFile, 'w');
  const owner = await stat(cluster);
  const asOwner = `--reuid=${owner.uid} --regid=${owner.gid} --clear-groups --inh-caps=+dac_override --ambient-caps=+dac_override`;
  const [program, ...programArgs] =
    process.getuid?.() === 0
      ? (['setpriv', ...asOwner.split(' '), binary, ...args] as const)
      : ([binary, ...args] as const);
  const child = spawn(program, programArgs, {
    cwd: cluster,
    detached: true,
    stdio: ['ignore', log.fd, log.fd],
    env: { PATH: searchPath(), LC_MESSAGES: 'C', TZ: 'UTC' },
  });
  const failed = once(child, 'error').then(([error]) =>
    Promise.reject(
      new EmbeddedPostgresError(
        `The embedded PostgreSQL cannot be started: ${program}: ${(error as Error).message}`,
      ),
    ),
  );
  await Promise.race([once(child, 'spawn'), failed]);
  await log.close();
  const lastOutput = async () => (await readFile(logFile, 'utf8')).trim().split('\n').slice(-5).join(' | ');
  return { child, lastOutput };
}

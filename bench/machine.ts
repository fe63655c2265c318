import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { availableParallelism, cpus, release, totalmem, type } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { BenchPostgres } from './bench-postgres.js';
import type { Table } from './section.js';

const ROOT = join(import.meta.dirname, '../..');
const PACKAGES = ['@nestjs/core', '@nestjs/platform-express', 'typeorm', 'pg', 'pino'];

/** Describes the machine and the versions of the software. */
export async function describeRun(postgres: BenchPostgres, started: Date, args: string[]): Promise<Table> {
  const [server] = await postgres.query<{ version: string }>(
    'postgres',
    `SELECT current_setting('server_version') AS version`,
  );
  const minutes = (Date.now() - started.getTime()) / 60_000;
  return {
    columns: ['property', 'value'],
    rows: [
      ['date', `${started.toISOString().slice(0, 16).replace('T', ' ')} UTC, ${minutes.toFixed(1)} minutes`],
      ['command', ['npm run bench', ...(args.length > 0 ? ['--', ...args] : [])].join(' ')],
      ['commit', await commit()],
      ['processor', `${cpus()[0]?.model ?? 'unknown'}, ${availableParallelism()} cores`],
      ['memory', `${(totalmem() / 2 ** 30).toFixed(0)} GiB`],
      ['system', await system()],
      ['Node', process.version],
      ['PostgreSQL', `${server?.version}, embedded, with its default settings`],
      ['packages', await packages()],
    ],
  };
}

async function commit(): Promise<string> {
  const git = promisify(execFile)('git', ['describe', '--always', '--dirty'], { cwd: ROOT });
  return git.then(
    ({ stdout }) => stdout.trim(),
    () => 'unknown',
  );
}

async function system(): Promise<string> {
  const file = await readFile('/etc/os-release', 'utf8').catch(() => '');
  const [, name] = /^PRETTY_NAME="?([^"\n]*)/m.exec(file) ?? [];
  return [name, `${type()} ${release()}`].filter(Boolean).join(', ');
}

async function packages(): Promise<string> {
  const { dependencies } = JSON.parse(await readFile(join(ROOT, 'package.json'), 'utf8')) as {
    dependencies: Record<string, string>;
  };
  return PACKAGES.map((name) => `${name} ${dependencies[name]}`).join(', ');
}

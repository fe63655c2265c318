import { type ChildProcess, fork, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';

const ROOT = join(import.meta.dirname, '../..');

export type Environment = Record<string, string | undefined>;

export interface CommandResult {
  code: number;
  output: string;
}

/** Runs a command to its end, in a process of its own. */
export async function runCommand(args: string, environment: Environment): Promise<CommandResult> {
  const child = spawn(process.execPath, [join(ROOT, 'dist/src/cli/main.js'), ...args.split(' ')], {
    cwd: ROOT,
    env: { PATH: process.env['PATH'], ...environment },
  });
  const [[code], out, error] = await Promise.all([
    once(child, 'exit'),
    text(child.stdout),
    text(child.stderr),
  ]);
  return { code: code as number, output: out + error };
}

/** A process that runs commands one after another. Its start takes longer than most of them. */
export class CommandRunner {
  private child?: ChildProcess;

  /** Runs a command that ends without `process.exit`. */
  async run(args: string, environment: Environment): Promise<CommandResult> {
    const child = (this.child ??= fork(join(import.meta.dirname, 'cli-runner.mjs'), {
      cwd: ROOT,
      env: { PATH: process.env['PATH'] },
      execArgv: [],
      silent: true,
    }));
    const end = `${randomUUID()}\n`;
    const outputs = [child.stdout!, child.stderr!].map(async (stream) => {
      let output = '';
      for await (const chunk of stream.iterator({ destroyOnReturn: false })) {
        output += String(chunk);
        if (output.endsWith(end)) {
          return output.slice(0, -end.length);
        }
      }
      throw new Error(`The process ended while it ran the command ${args}: ${output}`);
    });
    child.send({ args: args.split(' '), environment: definedOnly(environment), end });
    const [[{ code }], ...texts] = (await Promise.all([once(child, 'message'), ...outputs])) as [
      [{ code: number }],
      string,
      string,
    ];
    return { code, output: texts.join('') };
  }

  async stop(): Promise<void> {
    if (this.child) {
      const exited = once(this.child, 'exit');
      this.child.kill('SIGKILL');
      await exited;
    }
  }
}

const definedOnly = (environment: Environment): Environment =>
  Object.fromEntries(Object.entries(environment).filter(([, value]) => value !== undefined));

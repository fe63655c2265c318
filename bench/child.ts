import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import type { Resources } from './resources.js';

/** Message of a child process to its parent. */
interface Reply<T> {
  readonly answer?: T;
  readonly error?: string;
}

/** A child process that answers one question at a time. */
export class Child {
  private constructor(
    private readonly name: string,
    private readonly process: ChildProcess,
  ) {}

  /** @param name its file in bench/, without the extension */
  static start(resources: Resources, name: string, args: string[] = []): Child {
    const child = fork(join(import.meta.dirname, `${name}.js`), args);
    resources.add(async () => {
      if (child.exitCode === null && child.signalCode === null) {
        const exit = once(child, 'exit');
        child.kill('SIGKILL');
        await exit;
      }
    });
    return new Child(name, child);
  }

  /** @throws the error of the child process */
  async ask<T>(question: object): Promise<T> {
    const replied = new AbortController();
    const options = { signal: replied.signal };
    const reply = once(this.process, 'message', options).then(([message]) => message as Reply<T>);
    const ended = once(this.process, 'exit', options).then(([code]) => ({ error: `ended with ${code}` }));
    ended.catch(() => undefined);
    reply.catch(() => undefined);
    this.process.send(question);
    const { answer, error } = (await Promise.race([reply, ended])) as Reply<T>;
    replied.abort();
    if (error !== undefined) {
      throw new Error(`${this.name}: ${error}`);
    }
    return answer as T;
  }
}

/** Answers the questions of the parent, in the child process, and exits together with the parent. */
export function answerWith(answer: (question: never) => Promise<unknown>): void {
  process.on('message', (question: unknown) => {
    answer(question as never).then(
      (result) => sendReply({ answer: result }),
      (error: Error) => sendReply({ error: error.stack ?? error.message }),
    );
  });
  process.on('disconnect', () => process.exit());
  process.on('SIGINT', () => undefined); // a Ctrl-C of the terminal: the parent ends this process
}

const sendReply = (reply: Reply<unknown>): boolean | undefined => process.send?.(reply);

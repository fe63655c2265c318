import { Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { Tinypool } from 'tinypool';
import { LARGE_BYTES } from './body-budget.js';
import { type CallbackProblems, parseCallback } from './callback-parse.js';
import type { Callback } from './callback.commands.js';

/** Reads and validates the bodies of callbacks: small ones here, large ones in a worker thread, so that others are answered meanwhile. */
@Injectable()
export class CallbackParser implements OnApplicationShutdown {
  private readonly worker = new Tinypool({
    filename: new URL('./callback-parse.worker.js', import.meta.url).href,
    minThreads: 1, // ready before it is needed: it takes a second to load
    maxThreads: 1,
  });

  /**
   * @param command the command in the path
   * @param body the bytes of the request
   */
  async parse(command: string, body: Buffer): Promise<Callback | CallbackProblems> {
    return body.length < LARGE_BYTES
      ? parseCallback(command, body)
      : ((await this.worker.run({ command, body })) as Callback | CallbackProblems);
  }

  /** Not before the last request is answered, as `onModuleDestroy` would be. */
  async onApplicationShutdown(): Promise<void> {
    await this.worker.destroy();
  }
}

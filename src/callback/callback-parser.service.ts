import { Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { Tinypool } from 'tinypool';
import { type CallbackProblems, parseCallback } from './callback-parse.js';
import type { Callback } from './callback.commands.js';

/** Bodies from this size on are read in a worker thread: some ms of work, during which nobody else would be answered. */
export const LARGE_BYTES = 128 * 1024;

/** Reads and validates the bodies of callbacks: small ones here, large ones in a worker thread. */
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

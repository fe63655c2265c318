import { Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { Tinypool } from 'tinypool';
import { Config } from '../../config/config.js';
import type { Delivery } from '../../deliveries/delivery-log.js';
import { LARGE_BYTES } from './body-budget.js';
import { type CallbackProblems, parseCallback } from './callback-parse.js';
import type { Callback, MirroredCallback } from '../payloads/callback-commands.js';

/** Reads and validates the bodies of callbacks: small ones here, large ones in a worker thread, so that others are answered meanwhile. */
@Injectable()
export class CallbackParser implements OnApplicationShutdown {
  private readonly worker = new Tinypool({
    filename: new URL('./callback-parse.worker.js', import.meta.url).href,
    minThreads: 1, // ready before it is needed: it takes a second to load
    maxThreads: 1,
  });

  constructor(private readonly config: Config) {}

  /**
   * @param command the command in the path
   * @param body the bytes of the request
   */
  async parse(command: string, body: Buffer): Promise<Callback | CallbackProblems> {
    return body.length < LARGE_BYTES
      ? parseCallback(command, body)
      : ((await this.worker.run({ command, body })) as Callback | CallbackProblems);
  }

  /**
   * Writes down in a delivery what the log tells of its callback.
   * @param body the bytes of the request
   */
  describe(
    delivery: Delivery,
    { groupID, summary, unreported, redactedBody }: MirroredCallback,
    body: Buffer,
  ): void {
    delivery.groupID = groupID || null;
    delivery.summary = summary;
    delivery.body = redactedBody === undefined ? body : null;
    if (unreported !== undefined && this.config.OPENIM_API_URL === undefined) {
      delivery.problems = `${unreported}, so no field and no member was written: set OPENIM_API_URL to have it read`;
    }
  }

  /** Not before the last request is answered, as `onModuleDestroy` would be. */
  async onApplicationShutdown(): Promise<void> {
    await this.worker.destroy();
  }
}

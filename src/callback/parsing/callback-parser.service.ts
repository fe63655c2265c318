import { Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { Tinypool } from 'tinypool';
import { Config } from '../../config/config.js';
import type { Delivery } from '../../deliveries/delivery-log.js';
import type { Callback, MirroredCallback } from '../payloads/callback.js';
import { LARGE_BYTES } from './body-budget.js';
import { type CallbackProblems, parseCallback } from './callback-parse.js';

/** Parses and validates callbacks. A worker thread takes the large bodies, so that small callbacks are answered meanwhile. */
@Injectable()
export class CallbackParser implements OnApplicationShutdown {
  private readonly worker = new Tinypool({
    filename: new URL('./callback-parse.worker.js', import.meta.url).href,
    minThreads: 1, // a thread takes a second to load
    maxThreads: 1,
  });

  constructor(private readonly config: Config) {}

  /**
   * Parses one callback.
   * @param command command in the path
   * @param body bytes of the request
   */
  async parse(command: string, body: Buffer): Promise<Callback | CallbackProblems> {
    return body.length < LARGE_BYTES
      ? parseCallback(command, body)
      : ((await this.worker.run({ command, body })) as Callback | CallbackProblems);
  }

  /**
   * Copies the facts of a callback to its row for the log of deliveries.
   * @param body bytes of the request
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

  /** Runs after the last request is answered; `onModuleDestroy` would run before. */
  async onApplicationShutdown(): Promise<void> {
    await this.worker.destroy();
  }
}

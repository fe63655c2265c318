import { Injectable, Logger, type OnApplicationShutdown } from '@nestjs/common';
import type { Tinypool } from 'tinypool';
import { Config } from '../../config/config.js';
import type { Delivery } from '../../deliveries/delivery-log.js';
import type { Callback, MirroredCallback } from '../payloads/callback.js';
import { LARGE_BYTES } from './body-budget.js';
import { type CallbackProblems, parseCallback } from './callback-parse.js';

/** Time after which a worker thread without work ends and frees its memory (some 40 MB), in ms. */
const IDLE_MS = 600_000;

/**
 * Parses and validates callbacks. A worker thread takes the large bodies, so that small callbacks are answered meanwhile. It takes up to a second
 * to start: the body that needs it first is parsed here.
 */
@Injectable()
export class CallbackParser implements OnApplicationShutdown {
  private pool?: Promise<Tinypool>;
  private worker?: Tinypool;

  private readonly logger = new Logger(CallbackParser.name);

  constructor(private readonly config: Config) {}

  /**
   * Parses one callback.
   * @param command command in the path
   * @param body bytes of the request
   */
  async parse(command: string, body: Buffer): Promise<Callback | CallbackProblems> {
    if (body.length < LARGE_BYTES) {
      return parseCallback(command, body);
    }
    if (!this.worker || this.worker.threads.length === 0) {
      void this.startWorker();
      return parseCallback(command, body);
    }
    return (await this.worker.run({ command, body })) as Callback | CallbackProblems;
  }

  /** Gives the worker an empty task, which starts its thread. */
  private async startWorker(): Promise<void> {
    try {
      this.worker = await (this.pool ??= createPool());
      await this.worker.run({ command: '', body: new Uint8Array() });
    } catch (error) {
      this.logger.warn({ err: error }, 'The thread for large callbacks cannot be started');
    }
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
    await (await this.pool)?.destroy();
  }
}

/** Creates the pool of one thread. The first large body loads the library. */
async function createPool(): Promise<Tinypool> {
  const { Tinypool: Pool } = await import('tinypool');
  return new Pool({
    filename: new URL('./callback-parse.worker.js', import.meta.url).href,
    minThreads: 0,
    maxThreads: 1,
    idleTimeout: IDLE_MS,
  });
}

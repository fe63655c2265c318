import {
  type CallHandler,
  type ExecutionContext,
  Injectable,
  Logger,
  type NestInterceptor,
  ServiceUnavailableException,
} from '@nestjs/common';
import type { Response } from 'express';
import { firstValueFrom, type Observable, of } from 'rxjs';
import { Config } from '../config/config.js';
import { type CallbackExchange, type CallbackLogFields, exchangeOf } from './callback-exchange.js';
import { type CallbackReply, IGNORED, SUCCESS } from './callback-reply.js';
import type { CallbackOutcome } from './journaling/callback-outcome.js';
import { RejectedDeliveries } from './rejected-deliveries.service.js';
import { withTimeout } from '../waiting/with-timeout.js';

/** Time from the admission of a callback to its reply, in ms. OpenIM's timeout is 5 s as shipped (config/webhooks.yml, `timeout`). */
const DEADLINE_MS = 3500;

/**
 * Makes OpenIM's reply from the outcome of a callback, and answers 503 at the deadline. A late write goes on and may still commit:
 * that is harmless, and OpenIM sends nothing twice. The log reports its end. `ExceptionsFilter` makes the reply of every error.
 */
@Injectable()
export class CallbackReplyInterceptor implements NestInterceptor<CallbackOutcome, CallbackReply> {
  private readonly logger = new Logger('Callback');

  constructor(
    private readonly config: Config,
    private readonly rejected: RejectedDeliveries,
  ) {}

  async intercept(
    context: ExecutionContext,
    next: CallHandler<CallbackOutcome>,
  ): Promise<Observable<CallbackReply>> {
    const exchange = exchangeOf(context.switchToHttp().getResponse<Response>());
    const work = this.logUnwritten(firstValueFrom(next.handle()), exchange).finally(() =>
      exchange.bodyShare.release(),
    );
    const outcome = await withTimeout(work, DEADLINE_MS, () => this.failLate(work, exchange.log));
    exchange.log.outcome = outcome;
    return of(outcome === 'ignored' ? IGNORED : SUCCESS[this.config.CALLBACK_NEXT_CODE]!);
  }

  /** Logs the delivery of a callback that wrote nothing, before the reply. */
  private async logUnwritten(
    work: Promise<CallbackOutcome>,
    { delivery }: CallbackExchange,
  ): Promise<CallbackOutcome> {
    try {
      const outcome = await work;
      if (outcome === 'ignored' && delivery.isLogged) {
        await this.rejected.logIgnored(delivery);
      }
      return outcome;
    } catch (error) {
      await this.rejected.logFailure(delivery, error);
      throw error;
    }
  }

  private failLate(
    work: Promise<CallbackOutcome>,
    { command, groupID, operationID }: CallbackLogFields,
  ): never {
    const fields = { command, groupID, operationID };
    work.then(
      () => this.logger.warn(fields, 'Callback written after its reply'),
      (error: unknown) => this.logger.error({ ...fields, err: error }, 'Callback failed after its reply'),
    );
    throw new ServiceUnavailableException(
      `The callback was not received and written within ${DEADLINE_MS} ms; it may still be written`,
    );
  }
}

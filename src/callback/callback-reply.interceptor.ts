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
import type { Delivery } from '../deliveries/delivery-log.js';
import { withTimeout } from '../postgres/with-timeout.js';
import { BodyBudget } from './parsing/body-budget.js';
import { type CallbackLog, callbackLog, deliveryOf } from './callback-log.js';
import type { CallbackOutcome } from './journaling/callback-outcome.js';
import { type CallbackReply, IGNORED, SUCCESS } from './callback-reply.js';
import { RejectedDeliveries } from './rejected-deliveries.service.js';

/** OpenIM waits 5 s as shipped (config/webhooks.yml, `timeout`): answer before, whatever PostgreSQL does. */
const DEADLINE_MS = 3500;

/**
 * Makes OpenIM's reply of what was done, and of not being done in time. A write that is late goes on, and may still be committed: the
 * replica is right then, and OpenIM repeats nothing. The log tells what became of it. Every other failure becomes its
 * reply in `ExceptionsFilter`.
 */
@Injectable()
export class CallbackReplyInterceptor implements NestInterceptor<CallbackOutcome, CallbackReply> {
  private readonly logger = new Logger('Callback');

  constructor(
    private readonly config: Config,
    private readonly rejected: RejectedDeliveries,
    private readonly budget: BodyBudget,
  ) {}

  async intercept(
    context: ExecutionContext,
    next: CallHandler<CallbackOutcome>,
  ): Promise<Observable<CallbackReply>> {
    const response = context.switchToHttp().getResponse<Response>();
    const log = callbackLog(response);
    const share = this.budget.open();
    response.locals['share'] = share;
    const work = this.logged(firstValueFrom(next.handle()), deliveryOf(response)).finally(() =>
      share.release(),
    );
    const outcome = await withTimeout(work, DEADLINE_MS, () => this.late(work, log));
    log.outcome = outcome;
    return of(outcome === 'ignored' ? IGNORED : SUCCESS[this.config.CALLBACK_NEXT_CODE]!);
  }

  /** What wrote nothing is logged here, before it is answered. */
  private async logged(work: Promise<CallbackOutcome>, delivery: Delivery): Promise<CallbackOutcome> {
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

  private late(work: Promise<CallbackOutcome>, log: CallbackLog): Error {
    const name = `${log.command} of ${log.groupID ?? 'an unknown group'}`;
    work.then(
      () => this.logger.warn(`${name} was written after its answer`),
      (error: Error) => this.logger.error(`${name} failed after its answer: ${error.message}`),
    );
    return new ServiceUnavailableException(
      `The callback could not be received and written within ${DEADLINE_MS} ms; it may still be`,
    );
  }
}

import { once } from 'node:events';
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
import { Config } from '../config.js';
import type { SyncOutcome } from '../groups/group-sync.service.js';
import { type CallbackLog, callbackLog } from './callback-log.js';
import { type CallbackReply, ignored, success } from './callback-reply.js';

/** OpenIM waits 5 s as shipped (config/webhooks.yml, `timeout`): answer before, whatever PostgreSQL does. */
const DEADLINE_MS = 3500;

/**
 * Makes OpenIM's reply of what was done, and of not being done in time. A write that is late goes on, and may still be committed: the
 * replica is right then, and OpenIM repeats nothing. The log tells what became of it. Every other failure becomes its
 * reply in `ExceptionsFilter`.
 */
@Injectable()
export class CallbackReplyInterceptor implements NestInterceptor<SyncOutcome | 'ignored', CallbackReply> {
  private readonly logger = new Logger('Callback');

  constructor(private readonly config: Config) {}

  async intercept(
    context: ExecutionContext,
    next: CallHandler<SyncOutcome | 'ignored'>,
  ): Promise<Observable<CallbackReply>> {
    const log = callbackLog(context.switchToHttp().getResponse<Response>());
    const outcome = await this.inTime(firstValueFrom(next.handle()), log);
    log.outcome = outcome;
    return of(outcome === 'ignored' ? ignored() : success(this.config.CALLBACK_NEXT_CODE));
  }

  private async inTime<T>(work: Promise<T>, log: CallbackLog): Promise<T> {
    const late = new AbortController();
    const timer = setTimeout(() => late.abort(), DEADLINE_MS);
    const tooLate = once(late.signal, 'abort').then(() => {
      const name = `${log.command} of ${log.groupID ?? 'an unknown group'}`;
      work.then(
        () => this.logger.warn(`${name} was written after its answer`),
        (error: Error) => this.logger.error(`${name} failed after its answer: ${error.message}`),
      );
      throw new ServiceUnavailableException(
        `The callback could not be received and written within ${DEADLINE_MS} ms; it may still be`,
      );
    });
    return Promise.race([work, tooLate]).finally(() => clearTimeout(timer));
  }
}

import {
  type CallHandler,
  type ExecutionContext,
  Injectable,
  type NestInterceptor,
  ServiceUnavailableException,
} from '@nestjs/common';
import type { Response } from 'express';
import { map, type Observable, throwError, timeout } from 'rxjs';
import { Config } from '../config.js';
import type { SyncOutcome } from '../groups/group-sync.service.js';
import { callbackLog } from './callback-log.js';
import { type CallbackReply, ignored, success } from './callback-reply.js';

/** OpenIM waits 5 s as shipped (config/webhooks.yml, `timeout`): answer before, whatever PostgreSQL does. */
const DEADLINE_MS = 3500;

/**
 * Makes OpenIM's reply of what was done, and of not being done in time. A write that is late goes on, and may still be
 * committed:
 * the replica is right then, and OpenIM repeats nothing. Every other failure becomes its reply in `ExceptionsFilter`.
 */
@Injectable()
export class CallbackReplyInterceptor implements NestInterceptor<SyncOutcome | 'ignored', CallbackReply> {
  constructor(private readonly config: Config) {}

  intercept(
    context: ExecutionContext,
    next: CallHandler<SyncOutcome | 'ignored'>,
  ): Observable<CallbackReply> {
    const log = callbackLog(context.switchToHttp().getResponse<Response>());
    return next.handle().pipe(
      timeout({ first: DEADLINE_MS, with: () => throwError(notInTime) }),
      map((outcome) => {
        log.outcome = outcome;
        return outcome === 'ignored' ? ignored() : success(this.config.CALLBACK_NEXT_CODE);
      }),
    );
  }
}

const notInTime = (): Error =>
  new ServiceUnavailableException(
    `The callback could not be written within ${DEADLINE_MS} ms; it may still be`,
  );

import { type CanActivate, type ExecutionContext, Injectable, UnauthorizedException } from '@nestjs/common';
import type { Request, Response } from 'express';
import { AuthenticationLimit } from '../authentication-limit.js';
import { Config } from '../config.js';
import { Delivery } from '../deliveries/delivery-log.js';
import { secretMatcher } from '../secrets.js';
import { storableText } from '../storable-text.js';
import { callbackLog } from './callback-log.js';
import { CallbackMetrics } from './callback-metrics.js';

const OPERATION_ID_SHOWN = 128;

/**
 * Lets in who sends one of the tokens as the password of HTTP Basic, as Go does with the userinfo of the url in `webhooks.yml`.
 */
@Injectable()
export class CallbackGuard implements CanActivate {
  private readonly isToken: (candidate: string) => boolean;

  constructor(
    private readonly config: Config,
    private readonly limit: AuthenticationLimit,
    private readonly metrics: CallbackMetrics,
  ) {
    this.isToken = secretMatcher(config.CALLBACK_TOKEN ?? []);
  }

  /** @throws UnauthorizedException without a right token; HttpException 429 after too many wrong ones */
  async canActivate(context: ExecutionContext): Promise<boolean> {
    const request = context.switchToHttp().getRequest<Request>();
    const response = context.switchToHttp().getResponse<Response>();
    const log = callbackLog(response);
    log.command = String(request.params['command']);
    this.metrics.received(log.command);
    log.operationID = String(request.headers['operationid'] ?? '').slice(0, OPERATION_ID_SHOWN);
    if (!this.config.callbacksAreOpen && !this.isToken(basicPassword(request.headers.authorization))) {
      await this.limit.refuse('callback', request);
      throw new UnauthorizedException(
        'The url in webhooks.yml must carry the token: http://openim:CALLBACK_TOKEN@host:port/callback',
      );
    }
    response.locals['delivery'] = new Delivery(storableText(log.command), storableText(log.operationID));
    return true;
  }
}

function basicPassword(authorization = ''): string {
  const [, credentials = ''] = /^Basic +(\S+)$/i.exec(authorization) ?? [];
  return Buffer.from(credentials, 'base64')
    .toString()
    .replace(/^[^:]*:?/, '');
}

import { type CanActivate, type ExecutionContext, Injectable, UnauthorizedException } from '@nestjs/common';
import type { Request, Response } from 'express';
import { AuthenticationLimit } from '../auth/authentication-limit.js';
import { Config } from '../config/config.js';
import { operationIDOf } from '../openim/operation-id.js';
import { Delivery } from '../deliveries/delivery-log.js';
import { secretFinder } from '../auth/secrets.js';
import { storableText } from '../postgres/storable-text.js';
import { callbackLog } from './callback-log.js';
import { CallbackMetrics } from './callback-metrics.js';

/** What a command of OpenIM looks like (pkg/callbackstruct/constant.go). */
const COMMAND = /^callback\w{0,64}$/;

/**
 * Lets in who sends one of the tokens as the password of HTTP Basic, as Go does with the userinfo of the url in `webhooks.yml`.
 */
@Injectable()
export class CallbackGuard implements CanActivate {
  private readonly findToken: (candidate: string) => number;

  constructor(
    private readonly config: Config,
    private readonly limit: AuthenticationLimit,
    private readonly metrics: CallbackMetrics,
  ) {
    this.findToken = secretFinder(config.CALLBACK_TOKEN ?? []);
  }

  /** @throws UnauthorizedException without a right token; HttpException 429 after too many wrong ones */
  async canActivate(context: ExecutionContext): Promise<boolean> {
    const request = context.switchToHttp().getRequest<Request>();
    const response = context.switchToHttp().getResponse<Response>();
    const log = callbackLog(response);
    const command = String(request.params['command']);
    log.command = COMMAND.test(command) ? command : 'other'; // it may be a token in the wrong place
    this.metrics.received(command);
    log.operationID = operationIDOf(request);
    if (!this.config.callbacksAreOpen && this.findToken(basicPassword(request.headers.authorization)) < 0) {
      await this.limit.countFailure('callback', request);
      throw new UnauthorizedException(
        'The url in webhooks.yml must carry the token: http://openim:CALLBACK_TOKEN@host:port/callback',
      );
    }
    log.command = command;
    response.locals['delivery'] = new Delivery(storableText(command), storableText(log.operationID));
    return true;
  }
}

function basicPassword(authorization = ''): string {
  const [, credentials = ''] = /^Basic +(\S+)$/i.exec(authorization) ?? [];
  return Buffer.from(credentials, 'base64')
    .toString()
    .replace(/^[^:]*:?/, '');
}

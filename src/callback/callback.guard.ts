import { type CanActivate, type ExecutionContext, Injectable, UnauthorizedException } from '@nestjs/common';
import type { Request, Response } from 'express';
import { AuthenticationLimit } from '../auth/authentication-limit.js';
import { Config } from '../config/config.js';
import { operationIDOf } from '../openim/operation-id.js';
import { Delivery } from '../deliveries/delivery-log.js';
import { secretFinder } from '../auth/secrets.js';
import { storableText } from '../postgres/storable-text.js';
import { exchangeOf } from './callback-exchange.js';
import { CallbackMetrics } from './callback-metrics.js';
import { BodyBudget } from './parsing/body-budget.js';

/** Names of OpenIM's commands (pkg/callbackstruct/constant.go). */
const COMMAND = /^callback\w{0,64}$/;

/** Admits requests with one of the tokens as the password of HTTP Basic: Go sends the userinfo of the url in `webhooks.yml` so. */
@Injectable()
export class CallbackGuard implements CanActivate {
  private readonly findToken: (candidate: string) => number;

  constructor(
    private readonly config: Config,
    private readonly limit: AuthenticationLimit,
    private readonly metrics: CallbackMetrics,
    private readonly budget: BodyBudget,
  ) {
    this.findToken = secretFinder(config.CALLBACK_TOKEN ?? []);
  }

  /** @throws UnauthorizedException without a valid token; HttpException 429 after too many wrong ones */
  async canActivate(context: ExecutionContext): Promise<boolean> {
    const request = context.switchToHttp().getRequest<Request>();
    const response = context.switchToHttp().getResponse<Response>();
    const exchange = exchangeOf(response);
    const { log } = exchange;
    const command = String(request.params['command']);
    log.command = COMMAND.test(command) ? command : 'other'; // another text may be a token in the wrong place
    this.metrics.received(command);
    log.operationID = operationIDOf(request);
    if (!this.config.callbacksAreOpen && this.findToken(basicPassword(request.headers.authorization)) < 0) {
      await this.limit.countFailure('callback', request);
      throw new UnauthorizedException(
        'The url in webhooks.yml must carry the token: http://openim:CALLBACK_TOKEN@host:port/callback',
      );
    }
    log.command = command;
    exchange.admit(new Delivery(storableText(command), storableText(log.operationID)), this.budget.open());
    return true;
  }
}

function basicPassword(authorization = ''): string {
  const [, credentials = ''] = /^Basic +(\S+)$/i.exec(authorization) ?? [];
  return Buffer.from(credentials, 'base64')
    .toString()
    .replace(/^[^:]*:?/, '');
}

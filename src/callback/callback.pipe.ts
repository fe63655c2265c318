import {
  BadRequestException,
  createParamDecorator,
  type ExecutionContext,
  Injectable,
  type PipeTransform,
} from '@nestjs/common';
import type { Request, Response } from 'express';
import { Config } from '../config/config.js';
import { readBody } from './parsing/callback-body.js';
import { exchangeOf } from './callback-exchange.js';
import { CallbackParser } from './parsing/callback-parser.service.js';
import { CALLBACK_COMMANDS, currentNameOf, keepsBody } from './payloads/callback-commands.js';
import type { IgnoredCallback, ReceivedCallback } from './payloads/callback.js';

/** Passes the request of a callback to `CallbackPipe`. */
export const CallbackRequest = createParamDecorator((_, context: ExecutionContext) =>
  context.switchToHttp().getRequest<Request>(),
);

/** Reads the body of a callback, and validates it by the DTO of its command in `CALLBACK_COMMANDS`. */
@Injectable()
export class CallbackPipe implements PipeTransform<Request, Promise<ReceivedCallback | IgnoredCallback>> {
  constructor(
    private readonly config: Config,
    private readonly parser: CallbackParser,
  ) {}

  /** @throws HttpException 400, 413, 415 or 503 with each problem of the callback */
  async transform(request: Request): Promise<ReceivedCallback | IgnoredCallback> {
    const { delivery, bodyShare, log } = exchangeOf(request.res as Response);
    const isMirrored = CALLBACK_COMMANDS.has(currentNameOf(delivery.command));
    const body = await readBody(request, this.config.CALLBACK_BODY_LIMIT, bodyShare).catch(
      (error: unknown) => {
        if (isMirrored) {
          throw error;
        }
        return Buffer.alloc(0); // a callback that is not mirrored is never refused
      },
    );
    if (keepsBody(delivery.command)) {
      delivery.body = body;
    }
    const parsed = await this.parser.parse(delivery.command, body);
    if (parsed.kind === 'ignored') {
      delivery.isLogged = parsed.isLogged;
      return parsed;
    }
    log.groupID = parsed.groupID || undefined;
    if (parsed.kind === 'invalid') {
      delivery.groupID = parsed.groupID ?? null;
      throw new BadRequestException({ error: parsed.reason, message: parsed.problems, statusCode: 400 });
    }
    this.parser.describe(delivery, parsed, body);
    return { ...parsed, delivery };
  }
}

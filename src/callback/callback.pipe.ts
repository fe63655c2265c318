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
import { callbackLog, deliveryOf, shareOf } from './callback-log.js';
import { CallbackParser } from './parsing/callback-parser.service.js';
import {
  CALLBACK_COMMANDS,
  commandToday,
  type IgnoredCallback,
  keepsBody,
  type ReceivedCallback,
} from './payloads/callback-commands.js';

/** The request of a callback as a parameter, for `CallbackPipe` to make a `Callback` of. */
export const CallbackRequest = createParamDecorator((_, context: ExecutionContext) =>
  context.switchToHttp().getRequest<Request>(),
);

/** Reads and validates a callback, by the DTO that `CALLBACK_COMMANDS` names for its command. */
@Injectable()
export class CallbackPipe implements PipeTransform<Request, Promise<ReceivedCallback | IgnoredCallback>> {
  constructor(
    private readonly config: Config,
    private readonly parser: CallbackParser,
  ) {}

  /** @throws an HttpException that says what is wrong with the callback */
  async transform(request: Request): Promise<ReceivedCallback | IgnoredCallback> {
    const response = request.res as Response;
    const delivery = deliveryOf(response);
    const isMirrored = CALLBACK_COMMANDS.has(commandToday(delivery.command));
    const body = await readBody(request, this.config.CALLBACK_BODY_LIMIT, shareOf(response)).catch(
      (error: unknown) => {
        if (isMirrored) {
          throw error;
        }
        return Buffer.alloc(0); // never refuse what is not ours
      },
    );
    if (keepsBody(delivery.command)) {
      delivery.body = body; // of others nothing is kept: other people's messages are none of our business
    }
    const parsed = await this.parser.parse(delivery.command, body);
    if (parsed.kind === 'ignored') {
      delivery.isLogged = parsed.isLogged;
      return parsed;
    }
    callbackLog(response).groupID = parsed.groupID || undefined;
    if (parsed.kind === 'invalid') {
      delivery.groupID = parsed.groupID ?? null;
      throw new BadRequestException({ error: parsed.reason, message: parsed.problems, statusCode: 400 });
    }
    this.parser.describe(delivery, parsed, body);
    return { ...parsed, delivery };
  }
}

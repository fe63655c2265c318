import {
  BadRequestException,
  createParamDecorator,
  type ExecutionContext,
  Injectable,
  type PipeTransform,
} from '@nestjs/common';
import type { Request, Response } from 'express';
import { Config } from '../config.js';
import { readBody } from './callback-body.js';
import { callbackLog, deliveryOf, shareOf } from './callback-log.js';
import { CallbackParser } from './callback-parser.service.js';
import { CALLBACK_COMMANDS, commandToday, type ReceivedCallback } from './callback.commands.js';

/** The request of a callback as a parameter, for `CallbackPipe` to make a `Callback` of. */
export const CallbackRequest = createParamDecorator((_, context: ExecutionContext) =>
  context.switchToHttp().getRequest<Request>(),
);

/** Reads and validates a callback, by the DTO that `CALLBACK_COMMANDS` names for its command. */
@Injectable()
export class CallbackPipe implements PipeTransform<Request, Promise<ReceivedCallback | { kind: 'ignored' }>> {
  constructor(
    private readonly config: Config,
    private readonly parser: CallbackParser,
  ) {}

  /** @throws an HttpException that says what is wrong with the callback */
  async transform(request: Request): Promise<ReceivedCallback | { kind: 'ignored' }> {
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
    if (isMirrored) {
      delivery.body = body; // of others nothing is kept: other people's messages are none of our business
    }
    const parsed = await this.parser.parse(delivery.command, body);
    if (parsed.kind === 'ignored') {
      return parsed;
    }
    delivery.groupID = parsed.groupID ?? null;
    callbackLog(response).groupID = parsed.groupID;
    if (parsed.kind === 'invalid') {
      throw new BadRequestException({ error: parsed.reason, message: parsed.problems, statusCode: 400 });
    }
    delivery.summary = parsed.summary;
    return { ...parsed, delivery };
  }
}

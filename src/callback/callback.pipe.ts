import {
  BadRequestException,
  createParamDecorator,
  type ExecutionContext,
  Injectable,
  type OnModuleDestroy,
  type PipeTransform,
} from '@nestjs/common';
import type { Request, Response } from 'express';
import { Tinypool } from 'tinypool';
import { Config } from '../config.js';
import { bodyReader } from './callback-body.js';
import { callbackLog } from './callback-log.js';
import { type CallbackProblems, parseCallback } from './callback-parse.js';
import type { Callback } from './callback.commands.js';

/** Bodies from this size on are read in a worker thread: some ms of work, during which nobody else would be answered. */
const OFF_THREAD_BYTES = 128 * 1024;

/** The request of a callback as a parameter, for `CallbackPipe` to make a `Callback` of. */
export const CallbackRequest = createParamDecorator((_, context: ExecutionContext) =>
  context.switchToHttp().getRequest<Request>(),
);

/** Reads and validates a callback, by the DTO that `CALLBACK_COMMANDS` names for its command. */
@Injectable()
export class CallbackPipe implements PipeTransform<Request, Promise<Callback>>, OnModuleDestroy {
  private readonly readBody: (request: Request) => Promise<Buffer>;
  private readonly worker = new Tinypool({
    filename: new URL('./callback-parse.worker.js', import.meta.url).href,
    minThreads: 1, // ready before it is needed: it takes a second to load
    maxThreads: 1,
  });

  constructor(config: Config) {
    this.readBody = bodyReader(config.CALLBACK_BODY_LIMIT);
  }

  /** @throws an HttpException that says what is wrong with the callback */
  async transform(request: Request): Promise<Callback> {
    const command = String(request.params['command']);
    const body = await this.readBody(request);
    const parsed =
      body.length < OFF_THREAD_BYTES
        ? parseCallback(command, body)
        : ((await this.worker.run({ command, body })) as Callback | CallbackProblems);
    if (parsed.kind === 'invalid') {
      throw new BadRequestException({ error: parsed.reason, message: parsed.problems, statusCode: 400 });
    }
    if (parsed.kind === 'mirrored') {
      callbackLog(request.res as Response).groupID = parsed.groupID;
    }
    return parsed;
  }

  async onModuleDestroy(): Promise<void> {
    await this.worker.destroy();
  }
}

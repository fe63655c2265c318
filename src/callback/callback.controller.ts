import { Controller, HttpCode, Post, UseGuards, UseInterceptors } from '@nestjs/common';
import {
  ApiBasicAuth,
  ApiBody,
  ApiDefaultResponse,
  ApiExtraModels,
  ApiOkResponse,
  ApiOperation,
  ApiParam,
  ApiTags,
  schemaPath,
} from '../openapi/decorators.js';
import { GroupSyncService } from '../groups/group-sync.service.js';
import { CallbackConcurrencyLimit } from './journaling/callback-concurrency-limit.js';
import type { CallbackOutcome } from './journaling/callback-outcome.js';
import { CallbackReply } from './callback-reply.js';
import { CallbackReplyInterceptor } from './callback-reply.interceptor.js';
import { CALLBACK_COMMANDS } from './payloads/callback-commands.js';
import { applyCallback, type IgnoredCallback, type ReceivedCallback } from './payloads/callback.js';
import { CallbackGuard } from './callback.guard.js';
import { CallbackPipe, CallbackRequest } from './callback.pipe.js';
import { CallbackWriter } from './journaling/callback-writer.service.js';

const PAYLOADS = Array.from(CALLBACK_COMMANDS.values(), ({ dto }) => dto);

/** Receives the callbacks of OpenIM. */
@Controller('callback')
@UseGuards(CallbackGuard)
@UseInterceptors(CallbackReplyInterceptor)
@ApiTags('callback')
@ApiBasicAuth()
export class CallbackController {
  constructor(
    private readonly groupSync: GroupSyncService,
    private readonly concurrencyLimit: CallbackConcurrencyLimit,
    private readonly writer: CallbackWriter,
  ) {}

  /** Receives one callback; resolves when it is on disk. */
  @Post(':command')
  @ApiOperation({ summary: 'Receive a callback of OpenIM' })
  @HttpCode(200)
  @ApiParam({
    name: 'command',
    description: `Mirrored: ${[...CALLBACK_COMMANDS.keys()].join(', ')}. Any other command is answered and ignored`,
  })
  @ApiExtraModels(...PAYLOADS)
  @ApiBody({ schema: { oneOf: PAYLOADS.map((dto) => ({ $ref: schemaPath(dto) })) } })
  @ApiOkResponse({ type: CallbackReply, description: 'On disk, or not mirrored' })
  @ApiDefaultResponse({
    type: CallbackReply,
    description:
      'Refused (400, 401, 413, 415, 429) or failed (500): nothing was written. 503: not on disk in time; it may still be written, unless the reply has Retry-After: then it was not received',
  })
  async receive(
    @CallbackRequest(CallbackPipe) callback: ReceivedCallback | IgnoredCallback,
  ): Promise<CallbackOutcome> {
    return callback.kind === 'ignored'
      ? 'ignored'
      : this.writer.writeOrJournal(callback, () =>
          this.concurrencyLimit.run(() => applyCallback(this.groupSync, callback)),
        );
  }
}

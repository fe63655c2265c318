import type { HttpException } from '@nestjs/common';
import { ApiProperty } from '../openapi/decorators.js';

/** Reply to a callback: the fields that OpenIM reads (pkg/callbackstruct/common.go, CommonCallbackResp). OpenIM can read no other shape. */
export class CallbackReply {
  @ApiProperty({ type: 'integer', description: '0: done or not mirrored; 1: refused or failed' })
  actionCode: number = 0;

  @ApiProperty({ type: 'integer', description: 'The HTTP status of a refusal or failure' })
  errCode: number = 0;

  @ApiProperty({ description: 'Why, in short' })
  errMsg: string = '';

  @ApiProperty({ description: 'Each problem, with the path of its field' })
  errDlt: string = '';

  @ApiProperty({ type: 'integer', description: 'CALLBACK_NEXT_CODE after a write, else 0' })
  nextCode: number = 0;
}

/** Reply to a callback that is not mirrored. */
export const IGNORED: Readonly<CallbackReply> = new CallbackReply();

/** Replies to a callback that is on disk, by their `nextCode`. */
export const SUCCESS: readonly Readonly<CallbackReply>[] = [
  IGNORED,
  Object.assign(new CallbackReply(), { nextCode: 1 }),
];

/** Makes the reply to a callback that is not on disk. It names the reason, and no internals. */
export function refusal(error: HttpException): CallbackReply {
  const { error: reason, message } = error.getResponse() as { error?: string; message: string | string[] };
  return Object.assign(new CallbackReply(), {
    actionCode: 1,
    errCode: error.getStatus(),
    errMsg: reason ?? error.message,
    errDlt: [message].flat().join('; '),
  });
}

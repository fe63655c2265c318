import { STALE } from '../../groups/statements/stale.js';
import type { GroupHint } from '../../groups/statements/mark-group-stale.js';
import { GROUP_NOTIFICATIONS } from '../../openim/constants.js';
import type { CallbackPayload } from './callback-payload.js';
import { ID, Int32, RULES } from './fields.js';

/**
 * A message was sent to a group (pkg/callbackstruct/message.go, CallbackAfterSendGroupMsgReq). Up to 3.8.3-patch.16 OpenIM tells the
 * members of each change of a group by such a message, also of those changes that have no callback of their own; the message itself
 * comes without a content. That it came is a hint. All other messages are no matter of ours, and nothing of them is kept.
 */
export class AfterSendGroupMsgCallback implements CallbackPayload<GroupHint> {
  @ID('callbackAfterSendGroupMsgCommand')
  callbackCommand = '';

  @ID('The group')
  groupID = '';

  @Int32('1500 to 1599: the group changed; all others are ignored')
  contentType = 0;

  /** A type that is no number at all is not ignored, but refused. */
  static concernsGroups({ contentType = 0 }: Record<string, unknown>): boolean {
    const { first, last } = GROUP_NOTIFICATIONS;
    return !RULES.int32.test(contentType) || (Number(contentType) >= first && Number(contentType) <= last);
  }

  get unreported(): string {
    return 'OpenIM does not say what changed';
  }

  get redactedBody(): object {
    const { callbackCommand, groupID, contentType } = this;
    return { callbackCommand, groupID, contentType };
  }

  toChange(): GroupHint {
    return { reason: STALE.notified };
  }

  toSummary(): string {
    return `OpenIM notified the members of a change (content type ${this.contentType})`;
  }
}

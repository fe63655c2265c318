import { STALE } from '../../groups/statements/stale.js';
import type { GroupHint } from '../../groups/statements/mark-group-stale.js';
import { GROUP_NOTIFICATIONS } from '../../openim/constants.js';
import { defineCommand } from './callback-command.js';
import type { CallbackPayload } from './callback-payload.js';
import { ID, Int32, RULES } from './fields.js';

/**
 * A message was sent to a group (pkg/callbackstruct/message.go, CallbackAfterSendGroupMsgReq). Up to 3.8.3-patch.16 OpenIM notifies the
 * members of every change of a group by such a message, also of changes without a callback. The message has no content, so it only marks
 * the group stale. All other messages are ignored, and nothing of them is kept.
 */
export class AfterSendGroupMsgCallback implements CallbackPayload<GroupHint> {
  @ID('callbackAfterSendGroupMsgCommand')
  callbackCommand = '';

  @ID('Group')
  groupID = '';

  @Int32('1500 to 1599: the group changed; all others are ignored')
  contentType = 0;

  /** True also for an invalid type: validation refuses it. */
  static concernsGroups({ contentType = 0 }: Record<string, unknown>): boolean {
    const { first, last } = GROUP_NOTIFICATIONS;
    return !RULES.int32.test(contentType) || (Number(contentType) >= first && Number(contentType) <= last);
  }

  get unreported(): string {
    return 'OpenIM does not report what changed';
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

export const afterSendGroupMsg = defineCommand(AfterSendGroupMsgCallback, {
  name: 'callbackAfterSendGroupMsgCommand',
  // OpenIM's main branch has this key without `allowedTypes`, and never sends these types (internal/rpc/msg/filter.go).
  webhook: {
    key: 'afterSendGroupMsg',
    only: '3.8.3',
    allowedTypes: `${GROUP_NOTIFICATIONS.first}-${GROUP_NOTIFICATIONS.last}`,
  },
  apply: (groupSync, hint) => groupSync.markGroupStale(hint),
});

import { ValidateBy } from 'class-validator';
import { STALE } from '../../groups/statements/stale.js';
import type { GroupHint } from '../../groups/statements/mark-group-stale.js';
import { defineCommand } from './callback-command.js';
import type { CallbackPayload } from './callback-payload.js';
import { ID, OptionalID } from './fields.js';

/**
 * OpenIM created the conversations of users who joined a group (pkg/callbackstruct/conversation.go; main branch only). It does not report
 * the users. Only here OpenIM writes `groupId`; the page of the commercial edition has `group_id`
 * (https://docs.openim.io/platform-api/webhooks/group).
 */
export class AfterCreateGroupChatConversationsCallback implements CallbackPayload<GroupHint> {
  @ID('callbackAfterCreateGroupChatConversationsCommand')
  callbackCommand = '';

  @OptionalID('Group, in the open edition')
  @ValidateBy({
    name: 'anyGroup',
    validator: {
      validate: (value, validation) =>
        value !== '' ||
        (validation?.object as AfterCreateGroupChatConversationsCallback | undefined)?.group_id !== '',
      defaultMessage: () => 'groupId or group_id must name the group',
    },
  })
  groupId = '';

  @OptionalID('Group, in the commercial edition')
  group_id = '';

  get groupID(): string {
    return this.groupId || this.group_id;
  }

  get unreported(): string {
    return 'OpenIM does not report who joined';
  }

  toChange(): GroupHint {
    return { reason: STALE.entered };
  }

  toSummary(): string {
    return 'a user joined; OpenIM does not report who';
  }
}

export const afterCreateGroupChatConversations = defineCommand(AfterCreateGroupChatConversationsCallback, {
  name: 'callbackAfterCreateGroupChatConversationsCommand',
  webhook: { key: 'afterCreateGroupChatConversations', only: 'main' },
  apply: (groupSync, hint) => groupSync.markGroupStale(hint),
});

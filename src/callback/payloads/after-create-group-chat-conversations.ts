import { ValidateBy } from 'class-validator';
import { STALE } from '../../groups/statements/stale.js';
import type { GroupHint } from '../../groups/statements/mark-group-stale.js';
import type { CallbackPayload } from './callback-payload.js';
import { ID, OptionalID } from './fields.js';

/**
 * Conversations were made for users who entered a group (pkg/callbackstruct/conversation.go; OpenIM's main branch only). Who
 * they are is not told. Only here OpenIM writes `groupId`, with a small d; the page of the commercial edition has `group_id`
 * (https://docs.openim.io/platform-api/webhooks/group).
 */
export class AfterCreateGroupChatConversationsCallback implements CallbackPayload<GroupHint> {
  @ID('callbackAfterCreateGroupChatConversationsCommand')
  callbackCommand = '';

  @OptionalID('The group, as the open edition writes it')
  @ValidateBy({
    name: 'some group',
    validator: {
      validate: (value, validation) =>
        value !== '' ||
        (validation?.object as AfterCreateGroupChatConversationsCallback | undefined)?.group_id !== '',
      defaultMessage: () => 'groupId or group_id must name the group',
    },
  })
  groupId = '';

  @OptionalID('The group, as the commercial edition writes it')
  group_id = '';

  get groupID(): string {
    return this.groupId || this.group_id;
  }

  get unreported(): string {
    return 'OpenIM does not say who entered';
  }

  toChange(): GroupHint {
    return { reason: STALE.entered };
  }

  toSummary(): string {
    return 'somebody entered; OpenIM does not say who';
  }
}

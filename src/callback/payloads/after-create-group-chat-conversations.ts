import type { MembersEntered } from '../../groups/statements/mark-group-stale.js';
import type { CallbackPayload } from './callback-payload.js';
import { ID } from './fields.js';

/**
 * Conversations were made for users who entered a group (pkg/callbackstruct/conversation.go; OpenIM's main branch only). Who
 * they are is not told. Only here OpenIM writes `groupId`, with a small d.
 */
export class AfterCreateGroupChatConversationsCallback implements CallbackPayload<MembersEntered> {
  @ID('callbackAfterCreateGroupChatConversationsCommand')
  callbackCommand = '';

  @ID('The group')
  groupId = '';

  get groupID(): string {
    return this.groupId;
  }

  toChange(): MembersEntered {
    return {};
  }

  toWords(): string {
    return 'somebody entered; OpenIM does not say who';
  }
}

import type { MembersLeft } from '../../groups/statements/leave-group.js';
import type { CallbackPayload } from './callback-payload.js';
import { ID } from './fields.js';

/**
 * A member left of its own will (pkg/callbackstruct/group.go, CallbackQuitGroupReq). It may come after the group was dismissed.
 */
export class AfterQuitGroupCallback implements CallbackPayload<MembersLeft> {
  @ID('callbackAfterQuitGroupCommand')
  callbackCommand = '';

  @ID('The group')
  groupID = '';

  @ID('Who left')
  userID = '';

  toChange(): MembersLeft {
    return { userIDs: [this.userID], cause: 'quit', reason: '' };
  }

  toSummary(): string {
    return `${this.userID} left`;
  }
}

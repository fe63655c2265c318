import type { MembersLeft } from '../../groups/statements/leave-group.js';
import { defineCommand } from './callback-command.js';
import type { CallbackPayload } from './callback-payload.js';
import { ID } from './fields.js';

/** A member left a group (pkg/callbackstruct/group.go, CallbackQuitGroupReq). The callback may follow the dismissal of the group. */
export class AfterQuitGroupCallback implements CallbackPayload<MembersLeft> {
  @ID('callbackAfterQuitGroupCommand')
  callbackCommand = '';

  @ID('Group')
  groupID = '';

  @ID('Member who left')
  userID = '';

  toChange(): MembersLeft {
    return { userIDs: [this.userID], cause: 'quit', reason: '' };
  }

  toSummary(): string {
    return `${this.userID} left`;
  }
}

export const afterQuitGroup = defineCommand(AfterQuitGroupCallback, {
  name: 'callbackAfterQuitGroupCommand',
  olderNames: ['callbackQuitGroupCommand'],
  webhook: { key: 'afterQuitGroup' },
  apply: (groupSync, members) => groupSync.leaveGroup(members),
});

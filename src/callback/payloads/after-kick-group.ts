import type { MembersLeft } from '../../groups/statements/leave-group.js';
import { storableText } from '../../postgres/storable-text.js';
import { defineCommand } from './callback-command.js';
import type { CallbackPayload } from './callback-payload.js';
import { ID, IDList, Text } from './fields.js';

/** Members were removed from a group (pkg/callbackstruct/group.go, CallbackKillGroupMemberReq). Before 3.8.1 the reason is always "". */
export class AfterKickGroupCallback implements CallbackPayload<MembersLeft> {
  @ID('callbackAfterKickGroupCommand')
  callbackCommand = '';

  @ID('Group')
  groupID = '';

  @IDList('Removed members')
  kickedUserIDs: string[] | null = null;

  @Text('Reason')
  reason = '';

  toChange(): MembersLeft {
    const userIDs = (this.kickedUserIDs ?? []).filter((userID) => userID !== '').map(storableText);
    return { userIDs: [...new Set(userIDs)], cause: 'kicked', reason: this.reason };
  }

  toSummary(): string {
    const kicked = (this.kickedUserIDs ?? []).slice(0, 20).join(', ');
    return `${kicked || 'nobody'} had to leave${this.reason && `: ${this.reason}`}`;
  }
}

export const afterKickGroup = defineCommand(AfterKickGroupCallback, {
  name: 'callbackAfterKickGroupCommand',
  olderNames: ['callbackKillGroupCommand'],
  webhook: { key: 'afterKickGroupMember' },
  apply: (groupSync, members) => groupSync.leaveGroup(members),
});

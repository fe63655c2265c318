import type { MembersLeft } from '../../groups/statements/leave-group.js';
import { storableText } from '../../postgres/storable-text.js';
import type { CallbackPayload } from './callback-payload.js';
import { ID, IDList, Text } from './fields.js';

/**
 * Members were made to leave (pkg/callbackstruct/group.go, CallbackKillGroupMemberReq). Before 3.8.1 the reason is always "".
 */
export class AfterKickGroupCallback implements CallbackPayload<MembersLeft> {
  @ID('callbackAfterKickGroupCommand')
  callbackCommand = '';

  @ID('The group')
  groupID = '';

  @IDList('Who had to leave')
  kickedUserIDs: string[] | null = null;

  @Text('Why')
  reason = '';

  toChange(): MembersLeft {
    const userIDs = (this.kickedUserIDs ?? []).filter((userID) => userID !== '').map(storableText);
    return { userIDs, cause: 'kicked', reason: this.reason };
  }

  toSummary(): string {
    const who = (this.kickedUserIDs ?? []).slice(0, 20).join(', ');
    return `${who || 'nobody'} had to leave${this.reason && `: ${this.reason}`}`;
  }
}

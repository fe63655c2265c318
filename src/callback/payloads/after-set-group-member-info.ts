import type { MemberInfoPatch } from '../../groups/statements/set-group-member-info.js';
import { defineCommand } from './callback-command.js';
import type { CallbackPayload } from './callback-payload.js';
import { ID, NullableInt32, NullableText } from './fields.js';
import { summaryOf } from './summary-of.js';

/**
 * The info of a member changed (pkg/callbackstruct/group.go, CallbackAfterSetGroupMemberInfoReq). null: no change; "": cleared.
 * OpenIM writes `nickName` here, and `nickname` in its REST API.
 */
export class AfterSetGroupMemberInfoCallback implements CallbackPayload<MemberInfoPatch> {
  @ID('callbackAfterSetGroupMemberInfoCommand')
  callbackCommand = '';

  @ID('Group')
  groupID = '';

  @ID('Member')
  userID = '';

  @NullableText('Nickname of the member in this group; null if it did not change')
  nickName: string | null = null;

  @NullableText('URL of the picture of the member in this group; null if it did not change')
  faceURL: string | null = null;

  @NullableInt32('60 admin, 20 ordinary; null if it did not change')
  roleLevel: number | null = null;

  @NullableText('Extra data of the application; null if it did not change')
  ex: string | null = null;

  toChange(): MemberInfoPatch {
    const { userID, nickName: nickname, faceURL, roleLevel, ex } = this;
    return { userID, nickname, faceURL, roleLevel, ex };
  }

  toSummary(): string {
    const { userID, ...info } = this.toChange();
    return `${userID} was changed: ${summaryOf(info)}`;
  }
}

export const afterSetGroupMemberInfo = defineCommand(AfterSetGroupMemberInfoCallback, {
  name: 'callbackAfterSetGroupMemberInfoCommand',
  webhook: { key: 'afterSetGroupMemberInfo' },
  apply: (groupSync, patch) => groupSync.setGroupMemberInfo(patch),
});

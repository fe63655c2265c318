import type { MemberInfoPatch } from '../../groups/statements/set-group-member-info.js';
import type { CallbackPayload } from './callback-payload.js';
import { ID, NullableInt32, NullableText } from './fields.js';
import { inWords } from './in-words.js';

/**
 * Something of a member changed (pkg/callbackstruct/group.go, CallbackAfterSetGroupMemberInfoReq). null means that a field did
 * not change, "" that it was cleared.
 * Only here OpenIM writes `nickName`, with a capital N.
 */
export class AfterSetGroupMemberInfoCallback implements CallbackPayload<MemberInfoPatch> {
  @ID('callbackAfterSetGroupMemberInfoCommand')
  callbackCommand = '';

  @ID('The group')
  groupID = '';

  @ID('The member')
  userID = '';

  @NullableText('What the member is called in this group; null if it did not change')
  nickName: string | null = null;

  @NullableText("The URL of the member's picture in this group; null if it did not change")
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
    return `${userID} was changed: ${inWords(info)}`;
  }
}

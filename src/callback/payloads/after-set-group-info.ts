import type { GroupInfoPatch } from '../../groups/statements/set-group-info.js';
import type { CallbackPayload } from './callback-payload.js';
import { ID, NullableInt32, NullableText, Text } from './fields.js';
import { inWords } from './in-words.js';

/**
 * Something of a group changed, by the older call (pkg/callbackstruct/group.go, CallbackAfterSetGroupInfoReq). "" means that a
 * text did not change, for `ex` null does.
 */
export class AfterSetGroupInfoCallback implements CallbackPayload<GroupInfoPatch> {
  @ID('callbackAfterSetGroupInfoCommand')
  callbackCommand = '';

  @Text("The ID of the caller's operation")
  operationID = '';

  @ID('The group')
  groupID = '';

  @Text('The name; "" if it did not change')
  groupName = '';

  @Text('The announcement; "" if it did not change')
  notification = '';

  @Text('The introduction; "" if it did not change')
  introduction = '';

  @Text('The URL of the icon; "" if it did not change')
  faceURL = '';

  @NullableText('Extra data of the application; null if it did not change')
  ex: string | null = null;

  @NullableInt32(
    '0 applications need approval, 1 invitations too, 2 join directly; null if it did not change',
  )
  needVerification: number | null = null;

  @NullableInt32('May members look at other members: 0 yes, 1 no; null if it did not change')
  lookMemberInfo: number | null = null;

  @NullableInt32('May members ask other members to be friends: 0 yes, 1 no; null if it did not change')
  applyMemberFriend: number | null = null;

  toChange(): GroupInfoPatch {
    return {
      groupName: this.groupName || null,
      notification: this.notification || null,
      introduction: this.introduction || null,
      faceURL: this.faceURL || null,
      ex: this.ex,
      needVerification: this.needVerification,
      lookMemberInfo: this.lookMemberInfo,
      applyMemberFriend: this.applyMemberFriend,
    };
  }

  toSummary(): string {
    return `the group was changed: ${inWords(this.toChange())}`;
  }
}

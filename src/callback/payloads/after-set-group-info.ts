import type { GroupInfoPatch } from '../../groups/statements/set-group-info.js';
import { defineCommand } from './callback-command.js';
import type { CallbackPayload } from './callback-payload.js';
import { ID, NullableInt32, NullableText, Text } from './fields.js';
import { summaryOf } from './summary-of.js';

/**
 * The info of a group changed, by the older call (pkg/callbackstruct/group.go, CallbackAfterSetGroupInfoReq). "" means no change of a
 * text, null means no change of `ex` and of numbers.
 */
export class AfterSetGroupInfoCallback implements CallbackPayload<GroupInfoPatch> {
  @ID('callbackAfterSetGroupInfoCommand')
  callbackCommand = '';

  @Text('ID of the operation')
  operationID = '';

  @ID('Group')
  groupID = '';

  @Text('Name; "" if it did not change')
  groupName = '';

  @Text('Announcement; "" if it did not change')
  notification = '';

  @Text('Introduction; "" if it did not change')
  introduction = '';

  @Text('URL of the icon; "" if it did not change')
  faceURL = '';

  @NullableText('Extra data of the application; null if it did not change')
  ex: string | null = null;

  @NullableInt32(
    '0 applications need approval, 1 invitations too, 2 join directly; null if it did not change',
  )
  needVerification: number | null = null;

  @NullableInt32('Members may see the profiles of other members: 0 yes, 1 no; null if it did not change')
  lookMemberInfo: number | null = null;

  @NullableInt32('Members may send friend requests to other members: 0 yes, 1 no; null if it did not change')
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
    return `the group was changed: ${summaryOf(this.toChange())}`;
  }
}

export const afterSetGroupInfo = defineCommand(AfterSetGroupInfoCallback, {
  name: 'callbackAfterSetGroupInfoCommand',
  webhook: { key: 'afterSetGroupInfo' },
  apply: (groupSync, patch) => groupSync.setGroupInfo(patch),
});

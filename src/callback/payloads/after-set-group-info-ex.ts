import type { GroupInfoPatch } from '../../groups/statements/set-group-info.js';
import { defineCommand } from './callback-command.js';
import type { CallbackPayload } from './callback-payload.js';
import { ID, NullableInt32, NullableText, Text } from './fields.js';
import { summaryOf } from './summary-of.js';
import { unwrapValues } from './wrapped-values.js';

/** The info of a group changed (pkg/callbackstruct/group.go, CallbackAfterSetGroupInfoExReq). null: no change; "": cleared. */
export class AfterSetGroupInfoExCallback implements CallbackPayload<GroupInfoPatch> {
  @ID('callbackAfterSetGroupInfoExCommand')
  callbackCommand = '';

  @Text('ID of the operation')
  operationID = '';

  @ID('Group')
  groupID = '';

  @NullableText('Name; null if it did not change')
  groupName: string | null = null;

  @NullableText('Announcement; null if it did not change')
  notification: string | null = null;

  @NullableText('Introduction; null if it did not change')
  introduction: string | null = null;

  @NullableText('URL of the icon; null if it did not change')
  faceURL: string | null = null;

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

  /** Older documentation wraps each field: `{ "value": ... }`. */
  static readonly unwrap = unwrapValues;

  toChange(): GroupInfoPatch {
    const { callbackCommand: _command, operationID: _operationID, groupID: _groupID, ...info } = this;
    return info;
  }

  toSummary(): string {
    return `the group was changed: ${summaryOf(this.toChange())}`;
  }
}

export const afterSetGroupInfoEx = defineCommand(AfterSetGroupInfoExCallback, {
  name: 'callbackAfterSetGroupInfoExCommand',
  webhook: { key: 'afterSetGroupInfoEx' },
  apply: (groupSync, patch) => groupSync.setGroupInfo(patch),
});

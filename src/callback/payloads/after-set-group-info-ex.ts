import type { GroupInfoPatch } from '../../groups/statements/set-group-info.js';
import type { CallbackPayload } from './callback-payload.js';
import { ID, NullableInt32, NullableText, Text } from './fields.js';
import { inWords } from './in-words.js';
import { unwrapValues } from './wrapped-values.js';

/**
 * Something of a group changed (pkg/callbackstruct/group.go, CallbackAfterSetGroupInfoExReq). null means that a field did not
 * change, "" that it was cleared.
 */
export class AfterSetGroupInfoExCallback implements CallbackPayload<GroupInfoPatch> {
  @ID('callbackAfterSetGroupInfoExCommand')
  callbackCommand = '';

  @Text("The ID of the caller's operation")
  operationID = '';

  @ID('The group')
  groupID = '';

  @NullableText('The name; null if it did not change')
  groupName: string | null = null;

  @NullableText('The announcement; null if it did not change')
  notification: string | null = null;

  @NullableText('The introduction; null if it did not change')
  introduction: string | null = null;

  @NullableText('The URL of the icon; null if it did not change')
  faceURL: string | null = null;

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

  /** Older documentation shows each field as `{ "value": ... }`. */
  static readonly unwrap = unwrapValues;

  toChange(): GroupInfoPatch {
    const { callbackCommand: _command, operationID: _operationID, groupID: _groupID, ...info } = this;
    return info;
  }

  toSummary(): string {
    return `the group was changed: ${inWords(this.toChange())}`;
  }
}

import type { UserChange } from '../../groups/statements/mark-groups-of-user.js';
import { defineCommand } from './callback-command.js';
import type { CallbackPayload } from './callback-payload.js';
import { ID, NullableText } from './fields.js';
import { unwrapValues } from './wrapped-values.js';

/** Fields of a user that groups show. OpenIM's pages write `nickname`, the server writes `nickName`. */
const PROFILE_FIELDS = ['nickName', 'nickname', 'faceURL'] as const;

/** Groups show the name and picture of a user whose membership has none. Nothing else of users is mirrored, and the body is not kept. */
abstract class UserInfoPayload implements CallbackPayload<UserChange> {
  abstract callbackCommand: string;

  @ID('User')
  userID = '';

  @NullableText('Name; null if it did not change')
  nickName: string | null = null;

  @NullableText('Name, as some pages write it')
  nickname: string | null = null;

  @NullableText('URL of the picture; null if it did not change')
  faceURL: string | null = null;

  /** Some pages wrap each field: `{ "value": ... }`. */
  static readonly unwrap = unwrapValues;

  get groupID(): string {
    return '';
  }

  get unreported(): string {
    return 'OpenIM does not report which groups show it';
  }

  get redactedBody(): object {
    const { callbackCommand, userID } = this;
    return { callbackCommand, userID };
  }

  toChange(): UserChange {
    return { userID: this.userID };
  }

  toSummary(): string {
    return `${this.userID} has another name or picture`;
  }
}

/** The info of a user changed, by the older call (pkg/callbackstruct/user.go, CallbackAfterUpdateUserInfoReq). "" means no change. */
export class AfterUpdateUserInfoCallback extends UserInfoPayload {
  @ID('callbackAfterUpdateUserInfoCommand')
  callbackCommand = '';

  /** Whether the name or picture changed. A body with neither field may report a change. */
  static concernsGroups(json: Record<string, unknown>): boolean {
    return changesProfile(json, [null, '']);
  }
}

/** The info of a user changed (pkg/callbackstruct/user.go, CallbackAfterUpdateUserInfoExReq). null: no change; "": cleared. */
export class AfterUpdateUserInfoExCallback extends UserInfoPayload {
  @ID('callbackAfterUpdateUserInfoExCommand')
  callbackCommand = '';

  /** Whether the name or picture changed. A body with neither field may report a change. */
  static concernsGroups(json: Record<string, unknown>): boolean {
    return changesProfile(json, [null]);
  }
}

/** @param unchanged values that mean no change */
function changesProfile(json: Record<string, unknown>, unchanged: unknown[]): boolean {
  const fields = PROFILE_FIELDS.filter((field) => Object.hasOwn(json, field));
  return fields.length === 0 || fields.some((field) => !unchanged.includes(json[field]));
}

export const afterUpdateUserInfo = defineCommand(AfterUpdateUserInfoCallback, {
  name: 'callbackAfterUpdateUserInfoCommand',
  webhook: { key: 'afterUpdateUserInfo' },
  apply: (groupSync, user) => groupSync.markGroupsOfUser(user),
});

export const afterUpdateUserInfoEx = defineCommand(AfterUpdateUserInfoExCallback, {
  name: 'callbackAfterUpdateUserInfoExCommand',
  webhook: { key: 'afterUpdateUserInfoEx' },
  apply: (groupSync, user) => groupSync.markGroupsOfUser(user),
});

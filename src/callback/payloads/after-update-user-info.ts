import type { UserChange } from '../../groups/statements/mark-groups-of-user.js';
import type { CallbackPayload } from './callback-payload.js';
import { ID, NullableText } from './fields.js';
import { unwrapValues } from './wrapped-values.js';

/** The fields of a user that groups show. `nickname` is how OpenIM's pages spell what the server writes as `nickName`. */
const SHOWN = ['nickName', 'nickname', 'faceURL'] as const;

/** Groups show name and picture of members that have none of their own. Nothing else of users is mirrored, and of the body nothing is kept. */
abstract class UserInfoPayload implements CallbackPayload<UserChange> {
  abstract callbackCommand: string;

  @ID('The user')
  userID = '';

  @NullableText('The name; null if it did not change')
  nickName: string | null = null;

  @NullableText('The name, as some pages spell it')
  nickname: string | null = null;

  @NullableText("The URL of the user's picture; null if it did not change")
  faceURL: string | null = null;

  /** Some pages show fields as `{ "value": ... }`. */
  static readonly unwrap = unwrapValues;

  get groupID(): string {
    return '';
  }

  get unreported(): string {
    return 'OpenIM does not say which groups show it';
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

/**
 * Something of a user changed, by the older call (pkg/callbackstruct/user.go, CallbackAfterUpdateUserInfoReq). "" means that a field did
 * not change.
 */
export class AfterUpdateUserInfoCallback extends UserInfoPayload {
  @ID('callbackAfterUpdateUserInfoCommand')
  callbackCommand = '';

  /** Whether name or picture changed. A body that has neither field may be of a change. */
  static concernsGroups(json: Record<string, unknown>): boolean {
    return changesProfile(json, [null, '']);
  }
}

/**
 * Something of a user changed (pkg/callbackstruct/user.go, CallbackAfterUpdateUserInfoExReq). null means that a field did not change, ""
 * that it was cleared.
 */
export class AfterUpdateUserInfoExCallback extends UserInfoPayload {
  @ID('callbackAfterUpdateUserInfoExCommand')
  callbackCommand = '';

  /** Whether name or picture changed. A body that has neither field may be of a change. */
  static concernsGroups(json: Record<string, unknown>): boolean {
    return changesProfile(json, [null]);
  }
}

/** @param unchanged the values that tell nothing */
function changesProfile(json: Record<string, unknown>, unchanged: unknown[]): boolean {
  const told = SHOWN.filter((field) => Object.hasOwn(json, field));
  return told.length === 0 || told.some((field) => !unchanged.includes(json[field]));
}

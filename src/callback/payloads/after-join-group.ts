import { ValidateBy } from 'class-validator';
import { STALE } from '../../groups/statements/stale.js';
import type { MemberJoined } from '../../groups/statements/join-group.js';
import type { GroupHint } from '../../groups/statements/mark-group-stale.js';
import type { CallbackPayload } from './callback-payload.js';
import { ID, Int32, OptionalID, Text } from './fields.js';

/** A user who was invited (protocol/constant/constant.go, JoinByInvitation). */
const BY_INVITATION = 2;

/**
 * A user joined (pkg/callbackstruct/group.go, CallbackAfterJoinGroupReq). Where `userID` is there, as older documentation and
 * newer servers have it, that one joined, and `inviterUserID` may have invited. Without it, of a direct join, `inviterUserID` is the one who
 * joined (internal/rpc/group/group.go, JoinGroup); of an invitation it is the one who invited, and who joined is not told.
 */
export class AfterJoinGroupCallback implements CallbackPayload<MemberJoined | GroupHint> {
  @ID('callbackAfterJoinGroupCommand')
  callbackCommand = '';

  @Text("The ID of the caller's operation")
  operationID = '';

  @ID('The group')
  groupID = '';

  @Text('The words of who asked to join')
  reqMessage = '';

  @Int32('1 by an admin, 2 by invitation, 3 by search, 4 by QR code, 0 directly')
  joinSource = 0;

  @OptionalID('Who joined; with `userID`, and by invitation: who invited')
  @ValidateBy({
    name: 'somebody',
    validator: {
      validate: (value, validation) => {
        const { userID, joinSource } = (validation?.object ?? {}) as Partial<AfterJoinGroupCallback>;
        return value !== '' || userID !== '' || joinSource === BY_INVITATION;
      },
      defaultMessage: () => 'inviterUserID or userID must name who joined',
    },
  })
  inviterUserID = '';

  @OptionalID('Who joined, where it is there')
  userID = '';

  get unreported(): string | undefined {
    return this.userID === '' && this.joinSource === BY_INVITATION
      ? 'OpenIM does not say who joined'
      : undefined;
  }

  toChange(): MemberJoined | GroupHint {
    return this.unreported === undefined ? this.member : { reason: STALE.entered };
  }

  toSummary(): string {
    const { userID, inviterUserID } = this.member;
    return this.unreported === undefined
      ? `${userID} joined${inviterUserID && `, invited by ${inviterUserID}`}`
      : `somebody joined${inviterUserID && `, invited by ${inviterUserID}`}; OpenIM does not say who`;
  }

  /** Who joined, where it is told. */
  private get member(): MemberJoined {
    const { userID, inviterUserID, joinSource } = this;
    return userID === '' || userID === inviterUserID
      ? { userID: inviterUserID, inviterUserID: '', joinSource }
      : { userID, inviterUserID, joinSource };
  }
}

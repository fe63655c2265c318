import { ValidateBy } from 'class-validator';
import type { MemberJoined } from '../../groups/statements/join-group.js';
import type { CallbackPayload } from './callback-payload.js';
import { ID, Int32, OptionalID, Text } from './fields.js';

/**
 * A user joined directly (pkg/callbackstruct/group.go, CallbackAfterJoinGroupReq). The one who joined is `inviterUserID`
 * (internal/rpc/group/group.go, JoinGroup);
 * where `userID` is there, as older documentation and newer servers have it, it is that one.
 */
export class AfterJoinGroupCallback implements CallbackPayload<MemberJoined> {
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

  @OptionalID('Who joined; with `userID`: who invited')
  @ValidateBy({
    name: 'somebody',
    validator: {
      validate: (value, validation) =>
        value !== '' || (validation?.object as AfterJoinGroupCallback | undefined)?.userID !== '',
      defaultMessage: () => 'inviterUserID or userID must name who joined',
    },
  })
  inviterUserID = '';

  @OptionalID('Who joined, where it is there')
  userID = '';

  toChange(): MemberJoined {
    const { userID, inviterUserID, joinSource } = this;
    return userID === '' || userID === inviterUserID
      ? { userID: inviterUserID, inviterUserID: '', joinSource }
      : { userID, inviterUserID, joinSource };
  }

  toWords(): string {
    const { userID, inviterUserID } = this.toChange();
    return `${userID} joined${inviterUserID && `, invited by ${inviterUserID}`}`;
  }
}

import { ValidateBy } from 'class-validator';
import type { GroupChange } from '../../groups/group-change.js';
import { STALE } from '../../groups/statements/stale.js';
import type { MemberJoined } from '../../groups/statements/join-group.js';
import type { GroupHint } from '../../groups/statements/mark-group-stale.js';
import { defineCommand } from './callback-command.js';
import type { CallbackPayload } from './callback-payload.js';
import { ID, Int32, OptionalID, Text } from './fields.js';

/** `joinSource` of an invitation (protocol/constant/constant.go, JoinByInvitation). */
const BY_INVITATION = 2;

/**
 * A user joined a group (pkg/callbackstruct/group.go, CallbackAfterJoinGroupReq). Older documentation and newer servers send `userID`, the
 * user who joined; `inviterUserID` is the inviter then. Without `userID`, `inviterUserID` is the user who joined
 * (internal/rpc/group/group.go, JoinGroup), except for an invitation: there it is the inviter, and OpenIM does not report who joined.
 */
export class AfterJoinGroupCallback implements CallbackPayload<MemberJoined | GroupHint> {
  @ID('callbackAfterJoinGroupCommand')
  callbackCommand = '';

  @Text('ID of the operation')
  operationID = '';

  @ID('Group')
  groupID = '';

  @Text('Message of the join request')
  reqMessage = '';

  @Int32('1 by an admin, 2 by invitation, 3 by search, 4 by QR code, 0 directly')
  joinSource = 0;

  @OptionalID('User who joined; the inviter where `userID` is sent, and of an invitation')
  @ValidateBy({
    name: 'anyUser',
    validator: {
      validate: (value, validation) => {
        const { userID, joinSource } = (validation?.object ?? {}) as Partial<AfterJoinGroupCallback>;
        return value !== '' || userID !== '' || joinSource === BY_INVITATION;
      },
      defaultMessage: () => 'inviterUserID or userID must name who joined',
    },
  })
  inviterUserID = '';

  @OptionalID('User who joined')
  userID = '';

  get unreported(): string | undefined {
    return this.userID === '' && this.joinSource === BY_INVITATION
      ? 'OpenIM does not report who joined'
      : undefined;
  }

  toChange(): MemberJoined | GroupHint {
    return this.unreported === undefined ? this.member : { reason: STALE.entered };
  }

  toSummary(): string {
    const { userID, inviterUserID } = this.member;
    return this.unreported === undefined
      ? `${userID} joined${inviterUserID && `, invited by ${inviterUserID}`}`
      : `a user joined${inviterUserID && `, invited by ${inviterUserID}`}; OpenIM does not report who`;
  }

  /** The new member; valid only where `unreported` is undefined. */
  private get member(): MemberJoined {
    const { userID, inviterUserID, joinSource } = this;
    return userID === '' || userID === inviterUserID
      ? { userID: inviterUserID, inviterUserID: '', joinSource }
      : { userID, inviterUserID, joinSource };
  }
}

export const afterJoinGroup = defineCommand(AfterJoinGroupCallback, {
  name: 'callbackAfterJoinGroupCommand',
  webhook: { key: 'afterJoinGroup' },
  apply: (groupSync, change) =>
    change.unreported === undefined
      ? groupSync.joinGroup(change as GroupChange<MemberJoined>)
      : groupSync.markGroupStale(change as GroupChange<GroupHint>),
});

import { ValidateBy } from 'class-validator';
import { ApiProperty } from '../../openapi/decorators.js';
import type { GroupCreation } from '../../groups/statements/create-group.js';
import { storableTime } from '../../postgres/storable-time.js';
import { ID, Int32, Int64, OptionalID, Text, Uint32 } from './fields.js';
import { defineCommand } from './callback-command.js';
import type { CallbackPayload } from './callback-payload.js';
import { type InitMember, initMemberListProblems, trueMembers } from './init-member-list.js';

class InitMemberDto {
  @ApiProperty({ required: false })
  userID!: string;

  @ApiProperty({
    type: 'integer',
    format: 'int32',
    required: false,
    description: '100 owner, 60 admin, 20 ordinary',
  })
  roleLevel!: number;
}

/**
 * A group was created (pkg/callbackstruct/group.go, CallbackAfterCreateGroupReq;
 * https://docs.openim.io/restapi/webhooks/group/afterCreateGroup). The operator has no field: see `trueMembers`.
 */
export class AfterCreateGroupCallback implements CallbackPayload<GroupCreation> {
  @ID('callbackAfterCreateGroupCommand')
  callbackCommand = '';

  @ID('Unique ID of the group')
  groupID = '';

  @Text('Name of the group')
  groupName = '';

  @Text('Announcement')
  notification = '';

  @Text('Introduction')
  introduction = '';

  @Text('URL of the icon')
  faceURL = '';

  @ID('Owner')
  ownerUserID = '';

  @Int64('Time of the creation, ms since 1970')
  createTime = 0;

  @Uint32('Number of members')
  memberCount = 0;

  @Text('Extra data of the application')
  ex = '';

  @Int32('0 normal, 1 banned, 2 dismissed, 3 muted')
  status = 0;

  @OptionalID('Creator; "" where the caller of the REST API did not send it')
  creatorUserID = '';

  @Int32('2 for every group of a current OpenIM')
  groupType = 0;

  @Int32('0 applications need approval, 1 invitations too, 2 join directly')
  needVerification = 0;

  @Int32('Members may see the profiles of other members: 0 yes, 1 no')
  lookMemberInfo = 0;

  @Int32('Members may send friend requests to other members: 0 yes, 1 no')
  applyMemberFriend = 0;

  @Int64('Time of the last change of the announcement, ms since 1970; 0 for never')
  notificationUpdateTime = 0;

  @OptionalID('User who changed the announcement')
  notificationUserID = '';

  @ValidateBy({
    name: 'initMemberList',
    validator: {
      validate: (list) => initMemberListProblems(list).length === 0,
      defaultMessage: (validation) => initMemberListProblems(validation?.value).join('; '),
    },
  })
  @ApiProperty({ type: [InitMemberDto], nullable: true, required: false })
  initMemberList: InitMember[] | null = null;

  toChange(): GroupCreation {
    const {
      callbackCommand: _command,
      initMemberList,
      createTime,
      notificationUpdateTime,
      memberCount,
      ...group
    } = this;
    const { members, nonMembers } = trueMembers(initMemberList ?? [], this.ownerUserID);
    return {
      ...group,
      createTime: storableTime(createTime),
      notificationUpdateTime: storableTime(notificationUpdateTime),
      memberCount: Math.max(memberCount - nonMembers, 0),
      userIDs: [...members.keys()],
      roleLevels: [...members.values()],
    };
  }

  toSummary(): string {
    return `the group "${this.groupName}" was created, with ${this.ownerUserID} as its owner`;
  }
}

export const afterCreateGroup = defineCommand(AfterCreateGroupCallback, {
  name: 'callbackAfterCreateGroupCommand',
  webhook: { key: 'afterCreateGroup' },
  apply: (groupSync, creation) => groupSync.createGroup(creation),
});

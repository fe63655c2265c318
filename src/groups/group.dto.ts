import { ApiProperty } from '../openapi/decorators.js';
import { Page } from '../admin-api/paging.js';
import { readableTime } from '../postgres/storable-time.js';
import type { Group } from './group.entity.js';

/** A group in the admin API: OpenIM's fields and names, times in ms since 1970. A field that is not reported yet has Go's zero value. */
export class GroupDto {
  @ApiProperty()
  groupID!: string;

  @ApiProperty()
  groupName!: string;

  @ApiProperty()
  notification!: string;

  @ApiProperty()
  introduction!: string;

  @ApiProperty()
  faceURL!: string;

  @ApiProperty()
  ownerUserID!: string;

  @ApiProperty({ type: 'integer', format: 'int64', description: 'ms since 1970' })
  createTime!: number;

  @ApiProperty({ type: 'integer', format: 'int64' })
  memberCount!: number;

  @ApiProperty()
  ex!: string;

  @ApiProperty({ type: 'integer', description: '0 normal, 1 banned, 2 dismissed, 3 muted' })
  status!: number;

  @ApiProperty()
  creatorUserID!: string;

  @ApiProperty({ type: 'integer' })
  groupType!: number;

  @ApiProperty({
    type: 'integer',
    description: '0 applications need approval, 1 invitations too, 2 join directly',
  })
  needVerification!: number;

  @ApiProperty({ type: 'integer', description: '0 allowed, 1 not allowed' })
  lookMemberInfo!: number;

  @ApiProperty({ type: 'integer', description: '0 allowed, 1 not allowed' })
  applyMemberFriend!: number;

  @ApiProperty({ type: 'integer', format: 'int64', description: 'ms since 1970; 0 for never' })
  notificationUpdateTime!: number;

  @ApiProperty()
  notificationUserID!: string;

  @ApiProperty({ format: 'date-time', description: 'When this service last wrote the group' })
  syncedAt!: string;

  @ApiProperty({
    type: String,
    format: 'date-time',
    nullable: true,
    description: 'Since when the group needs reconciling with OpenIM; null: it does not',
  })
  staleSince!: string | null;

  @ApiProperty({ type: String, nullable: true, description: 'Why the group needs reconciling' })
  staleReason!: string | null;

  @ApiProperty({
    type: String,
    format: 'date-time',
    nullable: true,
    description:
      'Start of the last snapshot to which the group was made equal; null: none. A resync that finds no change since then does not update it',
  })
  verifiedAt!: string | null;
}

/** A group with the role of one of its members. */
export class UserGroupDto extends GroupDto {
  @ApiProperty({ type: 'integer', description: '100 owner, 60 admin, 20 ordinary, 0 not reported yet' })
  roleLevel!: number;
}

export class GroupPage extends Page {
  @ApiProperty({ type: [GroupDto] })
  items!: GroupDto[];
}

export class UserGroupPage extends Page {
  @ApiProperty({ type: [UserGroupDto] })
  items!: UserGroupDto[];
}

export function toGroupDto(group: Group): GroupDto {
  return {
    groupID: group.groupID,
    groupName: group.groupName ?? '',
    notification: group.notification ?? '',
    introduction: group.introduction ?? '',
    faceURL: group.faceURL ?? '',
    ownerUserID: group.ownerUserID ?? '',
    createTime: readableTime(group.createTime),
    memberCount: group.memberCount,
    ex: group.ex ?? '',
    status: group.status ?? 0,
    creatorUserID: group.creatorUserID ?? '',
    groupType: group.groupType ?? 0,
    needVerification: group.needVerification ?? 0,
    lookMemberInfo: group.lookMemberInfo ?? 0,
    applyMemberFriend: group.applyMemberFriend ?? 0,
    notificationUpdateTime: readableTime(group.notificationUpdateTime ?? 0),
    notificationUserID: group.notificationUserID ?? '',
    syncedAt: group.syncedAt.toISOString(),
    staleSince: group.staleSince?.toISOString() ?? null,
    staleReason: group.staleReason,
    verifiedAt: group.verifiedAt?.toISOString() ?? null,
  };
}

import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { Transform } from 'class-transformer';
import { IsBoolean, IsNotEmpty, IsOptional, IsString, MaxLength } from 'class-validator';
import { Page, PageQuery, ToStorable } from '../admin-api/paging.js';
import { readableTime } from '../postgres/storable-time.js';
import { WholeNumber } from '../config/whole-number.js';
import type { GroupMember } from './group-member.entity.js';
import type { Group } from './group.entity.js';

const Int32 = () => WholeNumber(-(2 ** 31), 2 ** 31 - 1);
/** A path's `{userID}`. */
export class UserParams {
  @ToStorable
  @IsString()
  @ApiProperty({ description: "OpenIM's userID" })
  userID!: string;
}

/** The filters of the list of groups; all given ones must hold. */
export class GroupsQuery extends PageQuery {
  @ToStorable
  @IsOptional()
  @IsString()
  @MaxLength(255)
  @ApiPropertyOptional({ description: 'Only groups of this owner' })
  ownerUserID?: string;

  @ToStorable
  @IsOptional()
  @IsString()
  @MaxLength(255)
  @ApiPropertyOptional({ description: 'Only groups that this user created' })
  creatorUserID?: string;

  @IsOptional()
  @Int32()
  @ApiPropertyOptional({ description: '0 normal, 1 banned, 2 dismissed, 3 muted', type: 'integer' })
  status?: number;

  @IsOptional()
  @Int32()
  @ApiPropertyOptional({ description: '2 for every group of a current OpenIM', type: 'integer' })
  groupType?: number;

  @ToStorable
  @IsOptional()
  @IsString()
  @IsNotEmpty()
  @MaxLength(255)
  @ApiPropertyOptional({ description: 'Any part of the name, in upper or lower case' })
  groupName?: string;

  @IsOptional()
  @Transform(({ value }: { value: unknown }) => (value === 'true' ? true : value === 'false' ? false : value))
  @IsBoolean({ message: 'stale must be true or false' })
  @ApiPropertyOptional({ description: 'Only groups that need a look, or only those that do not' })
  stale?: boolean;
}

/** Which members. */
export class MembersQuery extends PageQuery {
  @IsOptional()
  @Int32()
  @ApiPropertyOptional({ description: '100 owner, 60 admin, 20 ordinary, 0 not told yet', type: 'integer' })
  roleLevel?: number;
}

/** A group as staff read it: OpenIM's fields under OpenIM's names, times in ms since 1970. */
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
    description: 'Since when the callbacks cannot tell the whole truth; null: they can',
  })
  staleSince!: string | null;

  @ApiProperty({ type: String, nullable: true, description: 'Why not' })
  staleReason!: string | null;

  @ApiProperty({
    type: String,
    format: 'date-time',
    nullable: true,
    description:
      'When the group was last read from OpenIM and made equal; null: never. That nothing changed since is asked more often',
  })
  verifiedAt!: string | null;
}

/** A group that a user is in, with the role there. */
export class UserGroupDto extends GroupDto {
  @ApiProperty({ type: 'integer', description: '100 owner, 60 admin, 20 ordinary, 0 not told yet' })
  roleLevel!: number;
}

/** A member of a group. */
export class MemberDto {
  @ApiProperty()
  userID!: string;

  @ApiProperty({ type: 'integer', description: '100 owner, 60 admin, 20 ordinary, 0 not told yet' })
  roleLevel!: number;

  @ApiProperty({ type: String, nullable: true, description: 'The name in this group; null: not told' })
  nickname!: string | null;

  @ApiProperty({ type: String, nullable: true, description: 'The picture in this group; null: not told' })
  faceURL!: string | null;

  @ApiProperty({ type: String, nullable: true, description: 'Extra data of the application; null: not told' })
  ex!: string | null;

  @ApiProperty({
    type: 'integer',
    nullable: true,
    description: '1 by an admin, 2 by invitation, 3 by search, 4 by QR code, 0 directly; null: not told',
  })
  joinSource!: number | null;

  @ApiProperty({ type: String, nullable: true, description: 'Who invited; null: not told' })
  inviterUserID!: string | null;

  @ApiProperty({
    type: 'integer',
    format: 'int64',
    nullable: true,
    description: 'ms since 1970; null: not read from OpenIM yet, callbacks do not tell it',
  })
  joinTime!: number | null;

  @ApiProperty({
    type: 'integer',
    format: 'int64',
    nullable: true,
    description:
      'Muted until then, ms since 1970, 0 for never; null: not read from OpenIM yet, callbacks do not tell it',
  })
  muteEndTime!: number | null;

  @ApiProperty({ format: 'date-time', description: 'When this service last wrote the member' })
  syncedAt!: string;
}

export class GroupPage extends Page {
  @ApiProperty({ type: [GroupDto] })
  items!: GroupDto[];
}

export class UserGroupPage extends Page {
  @ApiProperty({ type: [UserGroupDto] })
  items!: UserGroupDto[];
}

export class MemberPage extends Page {
  @ApiProperty({ type: [MemberDto] })
  items!: MemberDto[];
}

/** What is not told yet has Go's zero value. */
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

export function toMemberDto(member: GroupMember): MemberDto {
  const {
    userID,
    roleLevel,
    nickname,
    faceURL,
    ex,
    joinSource,
    inviterUserID,
    joinTime,
    muteEndTime,
    syncedAt,
  } = member;
  return {
    userID,
    roleLevel,
    nickname,
    faceURL,
    ex,
    joinSource,
    inviterUserID,
    joinTime: joinTime && readableTime(joinTime),
    muteEndTime: muteEndTime && readableTime(muteEndTime),
    syncedAt: syncedAt.toISOString(),
  };
}

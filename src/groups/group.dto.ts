import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { Transform } from 'class-transformer';
import { IsNotEmpty, IsOptional, IsString, MaxLength } from 'class-validator';
import { storableText } from '../storable-text.js';
import { WholeNumber } from '../whole-number.js';
import type { GroupMember } from './group-member.entity.js';
import type { Group } from './group.entity.js';

const Int32 = () => WholeNumber(-(2 ** 31), 2 ** 31 - 1);
const ToStorable = Transform(({ value }: { value: unknown }) =>
  typeof value === 'string' ? storableText(value) : value,
);

/** A path's `{groupID}`. */
export class GroupParams {
  @ToStorable
  @IsString()
  @ApiProperty({ description: "OpenIM's groupID" })
  groupID!: string;
}

/** A path's `{userID}`. */
export class UserParams {
  @ToStorable
  @IsString()
  @ApiProperty({ description: "OpenIM's userID" })
  userID!: string;
}

/** Which page of a list. */
export class PageQuery {
  @WholeNumber(1, 500)
  @ApiPropertyOptional({
    description: 'Items on a page',
    type: 'integer',
    minimum: 1,
    maximum: 500,
    default: 50,
  })
  limit: number = 50;

  @IsOptional()
  @IsString()
  @IsNotEmpty()
  @MaxLength(4096)
  @ApiPropertyOptional({ description: 'The `nextCursor` of the page before' })
  cursor?: string;
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
}

/** Which members. */
export class MembersQuery extends PageQuery {
  @IsOptional()
  @Int32()
  @ApiPropertyOptional({ description: '100 owner, 60 admin, 20 ordinary', type: 'integer' })
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
}

/** A group that a user is in, with the role there. */
export class UserGroupDto extends GroupDto {
  @ApiProperty({ type: 'integer', description: '100 owner, 60 admin, 20 ordinary' })
  roleLevel!: number;
}

/** A member of a group. */
export class MemberDto {
  @ApiProperty()
  userID!: string;

  @ApiProperty({ type: 'integer', description: '100 owner, 60 admin, 20 ordinary' })
  roleLevel!: number;

  @ApiProperty({ format: 'date-time', description: 'When this service last wrote the member' })
  syncedAt!: string;
}

class Page {
  @ApiProperty({
    type: String,
    nullable: true,
    description: 'For the query parameter `cursor`; null on the last page',
  })
  nextCursor!: string | null;
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

export function toGroupDto(group: Group): GroupDto {
  const { asOf: _asOf, ...shown } = group;
  return {
    ...shown,
    createTime: group.createTime.getTime(),
    notificationUpdateTime: group.notificationUpdateTime.getTime(),
    syncedAt: group.syncedAt.toISOString(),
  };
}

export function toMemberDto({ userID, roleLevel, syncedAt }: GroupMember): MemberDto {
  return { userID, roleLevel, syncedAt: syncedAt.toISOString() };
}

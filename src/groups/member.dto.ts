import { ApiProperty } from '../openapi/decorators.js';
import { Page } from '../admin-api/paging.js';
import { readableTime } from '../postgres/storable-time.js';
import type { GroupMember } from './group-member.entity.js';

/** A member of a group. */
export class MemberDto {
  @ApiProperty()
  userID!: string;

  @ApiProperty({ type: 'integer', description: '100 owner, 60 admin, 20 ordinary, 0 not reported yet' })
  roleLevel!: number;

  @ApiProperty({ type: String, nullable: true, description: 'Name in this group; null: not reported' })
  nickname!: string | null;

  @ApiProperty({
    type: String,
    nullable: true,
    description: 'URL of the picture in this group; null: not reported',
  })
  faceURL!: string | null;

  @ApiProperty({
    type: String,
    nullable: true,
    description: 'Extra data of the application; null: not reported',
  })
  ex!: string | null;

  @ApiProperty({
    type: 'integer',
    nullable: true,
    description: '1 by an admin, 2 by invitation, 3 by search, 4 by QR code, 0 directly; null: not reported',
  })
  joinSource!: number | null;

  @ApiProperty({ type: String, nullable: true, description: 'userID of the inviter; null: not reported' })
  inviterUserID!: string | null;

  @ApiProperty({
    type: 'integer',
    format: 'int64',
    nullable: true,
    description: 'ms since 1970; null until a snapshot reports it, callbacks do not',
  })
  joinTime!: number | null;

  @ApiProperty({
    type: 'integer',
    format: 'int64',
    nullable: true,
    description:
      'End of the mute, ms since 1970, 0 for never; null until a snapshot reports it, callbacks do not',
  })
  muteEndTime!: number | null;

  @ApiProperty({ format: 'date-time', description: 'When this service last wrote the member' })
  syncedAt!: string;
}

/** A member, with the group. */
export type MemberOfGroupDto = MemberDto & { groupID: string };

export class MemberPage extends Page {
  @ApiProperty({ type: [MemberDto] })
  items!: MemberDto[];
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

import { Transform } from 'class-transformer';
import { IsBoolean, IsNotEmpty, IsOptional, IsString, MaxLength } from 'class-validator';
import { ApiProperty, ApiPropertyOptional } from '../openapi/decorators.js';
import { DateTimeParam } from '../admin-api/date-time-param.js';
import { ExportablePageQuery, ToStorable } from '../admin-api/paging.js';
import { WholeNumber } from '../config/whole-number.js';

const Int32 = () => WholeNumber(-(2 ** 31), 2 ** 31 - 1);

/** The path parameter `{userID}`. */
export class UserParams {
  @ToStorable
  @IsString()
  @ApiProperty({ description: "OpenIM's userID" })
  userID!: string;
}

/** The filters of the list of groups; a group must match all of them. */
export class GroupsQuery extends ExportablePageQuery {
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
  @ApiPropertyOptional({ description: 'A part of the name; upper and lower case match' })
  groupName?: string;

  @IsOptional()
  @Transform(({ value }: { value: unknown }) => (value === 'true' ? true : value === 'false' ? false : value))
  @IsBoolean({ message: 'stale must be true or false' })
  @ApiPropertyOptional({
    description: 'Only groups that need reconciling with OpenIM (true), or only the others (false)',
  })
  stale?: boolean;
}

/** The filters of the list of members. */
export class MembersQuery extends ExportablePageQuery {
  @IsOptional()
  @Int32()
  @ApiPropertyOptional({
    description: '100 owner, 60 admin, 20 ordinary, 0 not reported yet',
    type: 'integer',
  })
  roleLevel?: number;

  @IsOptional()
  @DateTimeParam('The members at this moment, by userID, with since when and until when each was one')
  at?: Date;
}

/** The query of the groups of a user. */
export class UserGroupsQuery extends ExportablePageQuery {
  @IsOptional()
  @DateTimeParam('The groups at this moment, with since when and until when the user was a member')
  at?: Date;
}

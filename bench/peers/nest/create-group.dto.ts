import { Type } from 'class-transformer';
import { IsArray, IsInt, IsNotEmpty, IsString, ValidateNested } from 'class-validator';

export class InitMemberDto {
  @IsNotEmpty()
  @IsString()
  userID!: string;

  @IsInt()
  roleLevel!: number;
}

/** Body of callbackAfterCreateGroupCommand. */
export class CreateGroupDto {
  @IsNotEmpty()
  @IsString()
  groupID!: string;

  @IsString()
  groupName!: string;

  @IsString()
  notification!: string;

  @IsString()
  introduction!: string;

  @IsString()
  faceURL!: string;

  @IsString()
  ownerUserID!: string;

  @IsInt()
  createTime!: number;

  @IsInt()
  memberCount!: number;

  @IsString()
  ex!: string;

  @IsInt()
  status!: number;

  @IsString()
  creatorUserID!: string;

  @IsInt()
  groupType!: number;

  @IsInt()
  needVerification!: number;

  @IsInt()
  lookMemberInfo!: number;

  @IsInt()
  applyMemberFriend!: number;

  @IsInt()
  notificationUpdateTime!: number;

  @IsString()
  notificationUserID!: string;

  @IsArray()
  @ValidateNested({ each: true })
  @Type(() => InitMemberDto)
  initMemberList!: InitMemberDto[];
}

import { ApiProperty } from '@nestjs/swagger';
import { IsString } from 'class-validator';
import { ToStorable } from './paging.js';

/** The path parameter `{groupID}`. */
export class GroupParams {
  @ToStorable
  @IsString()
  @ApiProperty({ description: "OpenIM's groupID" })
  groupID!: string;
}

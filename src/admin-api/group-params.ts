import { IsString } from 'class-validator';
import { ApiProperty } from '../openapi/decorators.js';
import { ToStorable } from './paging.js';

/** The path parameter `{groupID}`. */
export class GroupParams {
  @ToStorable
  @IsString()
  @ApiProperty({ description: "OpenIM's groupID" })
  groupID!: string;
}

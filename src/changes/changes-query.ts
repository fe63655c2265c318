import { IsIn, IsNotEmpty, IsOptional, IsString, MaxLength } from 'class-validator';
import { ApiPropertyOptional } from '../openapi/decorators.js';
import { ToStorable } from '../admin-api/paging.js';
import { Duration } from '../config/rules.js';
import { WholeNumber } from '../config/whole-number.js';
import { CHANGE_KINDS, type ChangeKind } from './change-content.js';

/** Longest wait for a change, in ms. */
const MAX_WAIT_MS = 60_000;

/** Which changes are read, and from where. */
export class ChangesQuery {
  @IsOptional()
  @IsString()
  @IsNotEmpty()
  @MaxLength(4096)
  @ApiPropertyOptional({
    description:
      'The `nextCursor` of the last answer; `now`: what changes from now on; without it: from the oldest change that is kept',
  })
  since?: string;

  @WholeNumber(1, 1000)
  @ApiPropertyOptional({
    description: 'Maximum number of changes',
    type: 'integer',
    minimum: 1,
    maximum: 1000,
    default: 100,
  })
  limit: number = 100;

  @ToStorable
  @IsOptional()
  @IsString()
  @MaxLength(255)
  @ApiPropertyOptional({ description: 'Only changes of this group' })
  groupID?: string;

  @IsOptional()
  @IsIn(CHANGE_KINDS)
  @ApiPropertyOptional({ enum: CHANGE_KINDS, description: 'Only changes of this kind' })
  kind?: ChangeKind;

  @Duration(0, MAX_WAIT_MS, 'wait must be a time from 0s to 60s, such as 25s')
  @ApiPropertyOptional({
    type: String,
    example: '25s',
    description: 'How long the answer waits for a change where there is none, up to 60s',
  })
  wait: number = 0;
}

import { IsIn, IsOptional, IsString, IsUUID, MaxLength } from 'class-validator';
import { ApiProperty, ApiPropertyOptional } from '../openapi/decorators.js';
import { DateTimeParam } from '../admin-api/date-time-param.js';
import type { ListFormat } from '../admin-api/list-format.js';
import { FormatParam, PageQuery, ToStorable } from '../admin-api/paging.js';
import { type DeliveryOutcome, DELIVERY_OUTCOMES } from './callback-delivery.entity.js';

/** The path parameter `{id}`. */
export class DeliveryParams {
  @IsUUID(undefined, { message: 'id must be the id of a delivery' })
  @ApiProperty({ description: 'Id of the delivery' })
  id!: string;
}

/** The filters of the log; a delivery must match all of them. */
export class ReplayQuery extends PageQuery {
  @ToStorable
  @IsOptional()
  @IsString()
  @MaxLength(255)
  @ApiPropertyOptional({ description: 'Only this command, under the name that OpenIM sent' })
  command?: string;

  @ToStorable
  @IsOptional()
  @IsString()
  @MaxLength(255)
  @ApiPropertyOptional({ description: 'Only callbacks that name this group' })
  groupID?: string;

  @IsOptional()
  @IsIn(DELIVERY_OUTCOMES)
  @ApiPropertyOptional({ enum: DELIVERY_OUTCOMES })
  outcome?: DeliveryOutcome;

  @IsOptional()
  @DateTimeParam('Received at this time or later')
  receivedFrom?: Date;

  @IsOptional()
  @DateTimeParam('Received before this time')
  receivedTo?: Date;
}

/** The same, for the list. */
export class DeliveriesQuery extends ReplayQuery {
  @FormatParam()
  format?: ListFormat;
}

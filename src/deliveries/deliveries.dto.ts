import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { IsIn, IsOptional, IsString, IsUUID, MaxLength } from 'class-validator';
import { Moment } from '../admin-api/date-time-param.js';
import { Page, PageQuery, ToStorable } from '../admin-api/paging.js';
import {
  type CallbackDelivery,
  type DeliveryOutcome,
  DELIVERY_OUTCOMES,
} from './callback-delivery.entity.js';

/** A path's `{id}`. */
export class DeliveryParams {
  @IsUUID(undefined, { message: 'id must be the id of a delivery' })
  @ApiProperty({ description: 'The id of a delivery' })
  id!: string;
}

const MOMENTS = 'A time needs its zone; a date alone, such as 2026-01-31, begins in UTC';

/** The filters of the log; all given ones must hold. */
export class DeliveriesQuery extends PageQuery {
  @ToStorable
  @IsOptional()
  @IsString()
  @MaxLength(255)
  @ApiPropertyOptional({ description: 'Only this command, as the server calls it' })
  command?: string;

  @ToStorable
  @IsOptional()
  @IsString()
  @MaxLength(255)
  @ApiPropertyOptional({ description: 'Only what names this group' })
  groupID?: string;

  @IsOptional()
  @IsIn(DELIVERY_OUTCOMES)
  @ApiPropertyOptional({ enum: DELIVERY_OUTCOMES })
  outcome?: DeliveryOutcome;

  @IsOptional()
  @Moment()
  @ApiPropertyOptional({
    type: String,
    format: 'date-time',
    description: `Received then or later. ${MOMENTS}`,
  })
  receivedFrom?: Date;

  @IsOptional()
  @Moment()
  @ApiPropertyOptional({ type: String, format: 'date-time', description: `Received before. ${MOMENTS}` })
  receivedTo?: Date;
}

/** One request that OpenIM made. */
export class DeliveryDto {
  @ApiProperty({ format: 'uuid' })
  id!: string;

  @ApiProperty({ format: 'date-time' })
  receivedAt!: string;

  @ApiProperty({ description: 'As the server calls it' })
  command!: string;

  @ApiProperty({ description: 'As the caller of OpenIM chose it; not unique' })
  operationID!: string;

  @ApiProperty({ type: String, nullable: true })
  groupID!: string | null;

  @ApiProperty({ enum: DELIVERY_OUTCOMES })
  outcome!: DeliveryOutcome;

  @ApiProperty({
    type: String,
    nullable: true,
    description: 'Why it was refused or failed, or why what it tells could not be mirrored',
  })
  problems!: string | null;

  @ApiProperty({ type: String, nullable: true, description: 'What it tells, in words' })
  summary!: string | null;

  @ApiProperty({ description: 'From the head of the request to the commit, in ms' })
  durationMs!: number;

  @ApiProperty({
    type: String,
    format: 'uuid',
    nullable: true,
    description: 'The delivery that this one replays',
  })
  replayOf!: string | null;
}

/** One request with its body. */
export class DeliveryWithBodyDto extends DeliveryDto {
  @ApiProperty({
    type: String,
    nullable: true,
    description:
      'As it came; null for commands that are not mirrored, for hints about messages and users, and after the retention',
  })
  body!: string | null;
}

export class DeliveryPage extends Page {
  @ApiProperty({ type: [DeliveryDto] })
  items!: DeliveryDto[];
}

const RECONCILED = 'reconciled';

/** A row of the timeline: of a delivery, or of a repair, which has no command. */
export type TimelineEntry = Pick<CallbackDelivery, 'id' | 'problems' | 'summary'> & {
  at: Date;
  command: string | null;
  outcome: DeliveryOutcome | typeof RECONCILED;
};

/** Something that happened to a group. */
export class TimelineEntryDto {
  @ApiProperty({ format: 'date-time' })
  at!: string;

  @ApiProperty({ description: 'In words' })
  what!: string;

  @ApiProperty({
    enum: [...DELIVERY_OUTCOMES, RECONCILED],
    description:
      'unchanged: it was known already, or something later is; reconciled: reconciliation with OpenIM found it, no callback reported it',
  })
  outcome!: DeliveryOutcome | typeof RECONCILED;

  @ApiProperty({
    type: String,
    format: 'uuid',
    nullable: true,
    description: 'Of `GET /admin/deliveries/{id}`; null where reconciliation found it',
  })
  deliveryID!: string | null;
}

export class TimelinePage extends Page {
  @ApiProperty({ type: [TimelineEntryDto] })
  items!: TimelineEntryDto[];
}

export function toDeliveryDto(delivery: CallbackDelivery): DeliveryDto {
  const { id, receivedAt, command, operationID, groupID, outcome, problems, summary, durationMs, replayOf } =
    delivery;
  return {
    id,
    receivedAt: receivedAt.toISOString(),
    command,
    operationID,
    groupID,
    outcome,
    problems,
    summary,
    durationMs,
    replayOf,
  };
}

export function toTimelineEntryDto({
  id,
  at,
  command,
  outcome,
  problems,
  summary,
}: TimelineEntry): TimelineEntryDto {
  const isWritten = outcome === 'applied' || outcome === 'unchanged';
  const told =
    problems === null || isWritten ? (summary ?? command!) : `${command} was ${outcome}: ${problems}`;
  return command === null
    ? { at: at.toISOString(), what: `Reconciliation found: ${summary}`, outcome, deliveryID: null }
    : { at: at.toISOString(), what: told, outcome, deliveryID: id };
}

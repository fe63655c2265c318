import { ApiProperty } from '../openapi/decorators.js';
import { Page } from '../admin-api/paging.js';
import {
  type CallbackDelivery,
  type DeliveryOutcome,
  DELIVERY_OUTCOMES,
} from './callback-delivery.entity.js';

/** One received callback. */
export class DeliveryDto {
  @ApiProperty({ format: 'uuid' })
  id!: string;

  @ApiProperty({ format: 'date-time' })
  receivedAt!: string;

  @ApiProperty({ description: 'Command, under the name that OpenIM sent' })
  command!: string;

  @ApiProperty({ description: 'operationID of the request to OpenIM; not unique' })
  operationID!: string;

  @ApiProperty({ type: String, nullable: true })
  groupID!: string | null;

  @ApiProperty({ enum: DELIVERY_OUTCOMES })
  outcome!: DeliveryOutcome;

  @ApiProperty({
    type: String,
    nullable: true,
    description: 'Why it was rejected, failed, or could not be mirrored',
  })
  problems!: string | null;

  @ApiProperty({
    type: String,
    nullable: true,
    description: 'One sentence that says what the callback reports',
  })
  summary!: string | null;

  @ApiProperty({ description: 'Time from the head of the request to the commit, in ms' })
  durationMs!: number;

  @ApiProperty({
    type: String,
    format: 'uuid',
    nullable: true,
    description: 'Id of the delivery that this one replays',
  })
  replayOf!: string | null;
}

/** One received callback with its body. */
export class DeliveryWithBodyDto extends DeliveryDto {
  @ApiProperty({
    type: String,
    nullable: true,
    description:
      'Body of the request; null for commands that are not mirrored, for messages and for changes of users',
  })
  body!: string | null;
}

export class DeliveryPage extends Page {
  @ApiProperty({ type: [DeliveryDto] })
  items!: DeliveryDto[];
}

const RECONCILED = 'reconciled';

/** A row of the timeline: a delivery, or a drift, which has no command. */
export type TimelineEntry = Pick<CallbackDelivery, 'id' | 'problems' | 'summary'> & {
  at: Date;
  command: string | null;
  outcome: DeliveryOutcome | typeof RECONCILED;
};

/** An entry of the timeline of a group. */
export class TimelineEntryDto {
  @ApiProperty({ format: 'date-time' })
  at!: string;

  @ApiProperty({ description: 'One sentence that says what happened' })
  what!: string;

  @ApiProperty({
    enum: [...DELIVERY_OUTCOMES, RECONCILED],
    description:
      'unchanged: everything in it was known or superseded; reconciled: reconciliation found it, no callback reported it',
  })
  outcome!: DeliveryOutcome | typeof RECONCILED;

  @ApiProperty({
    type: String,
    format: 'uuid',
    nullable: true,
    description: 'Id for `GET /admin/deliveries/{id}`; null where reconciliation found it',
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
  const summaryOfDelivery =
    problems === null || isWritten ? (summary ?? command!) : `${command} was ${outcome}: ${problems}`;
  return command === null
    ? { at: at.toISOString(), what: `Reconciliation found: ${summary}`, outcome, deliveryID: null }
    : { at: at.toISOString(), what: summaryOfDelivery, outcome, deliveryID: id };
}

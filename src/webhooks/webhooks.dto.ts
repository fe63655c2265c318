import { IsNotEmpty, IsOptional, IsString, Matches, MaxLength } from 'class-validator';
import { ApiProperty, ApiPropertyOptional } from '../openapi/decorators.js';
import { DateTimeParam } from '../admin-api/date-time-param.js';

/** A held group of an endpoint. */
export class HeldGroupDto {
  @ApiProperty()
  groupID!: string;

  @ApiProperty({ type: 'integer', description: 'Revision of the change that is sent next' })
  revision!: number;

  @ApiProperty({ type: 'integer', description: 'Number of failed attempts to send it' })
  attempts!: number;

  @ApiProperty({ format: 'date-time', description: 'When the first of them failed' })
  since!: string;

  @ApiProperty({ format: 'date-time' })
  nextAttemptAt!: string;

  @ApiProperty({ type: String, nullable: true })
  lastError!: string | null;
}

/** An endpoint, and how far it has received the changes. */
export class WebhookEndpointDto {
  @ApiProperty()
  id!: string;

  @ApiProperty({ description: 'Its url, without the query' })
  url!: string;

  @ApiProperty({
    enum: ['active', 'failing', 'stopped', 'removed'],
    description:
      '`failing`: the last attempt failed; `stopped`: nothing is sent until a rewind; `removed`: it is not in CHANGES_WEBHOOK_URL',
  })
  state!: 'active' | 'failing' | 'stopped' | 'removed';

  @ApiProperty({
    description: 'Cursor of the feed: the changes before it were received, but for those of held groups',
  })
  cursor!: string;

  @ApiProperty({ description: 'Age of the oldest change behind the cursor, in seconds; 0: there is none' })
  lagSeconds!: number;

  @ApiProperty({ type: String, format: 'date-time', nullable: true, description: 'null: never' })
  receivedAt!: string | null;

  @ApiProperty({
    type: String,
    format: 'date-time',
    nullable: true,
    description: 'Since when no attempt succeeds; null: the last one did',
  })
  failingSince!: string | null;

  @ApiProperty({ type: String, nullable: true })
  lastError!: string | null;

  @ApiProperty({ type: String, format: 'date-time', nullable: true })
  lastErrorAt!: string | null;

  @ApiProperty({ type: String, nullable: true, description: 'Why it is stopped; null: it is not' })
  stoppedReason!: string | null;

  @ApiProperty({
    type: 'integer',
    description: 'Number of changes that were skipped, each after 3 days of failures',
  })
  skipped!: number;

  @ApiProperty({ type: [HeldGroupDto], description: 'Groups whose next change it did not receive yet' })
  heldGroups!: HeldGroupDto[];
}

export class WebhookEndpoints {
  @ApiProperty({ type: [WebhookEndpointDto] })
  items!: WebhookEndpointDto[];
}

export class EndpointParams {
  @Matches(/^[0-9a-f]{12}$/, { message: 'id must be the id of an endpoint: 12 hexadecimal digits' })
  @ApiProperty({ description: 'Id of the endpoint' })
  id!: string;
}

/** Where an endpoint goes on: one of the two. */
export class RewindQuery {
  @IsOptional()
  @IsString()
  @IsNotEmpty()
  @MaxLength(4096)
  @ApiPropertyOptional({
    description: 'A cursor of `GET /admin/changes` or of an endpoint; `now`: what changes from now on',
  })
  since?: string;

  @IsOptional()
  @DateTimeParam('The changes that were recorded at this time or later are sent')
  moment?: Date;
}

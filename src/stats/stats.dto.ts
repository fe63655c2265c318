import { ApiProperty } from '../openapi/decorators.js';

class GroupsOfStatusDto {
  @ApiProperty({
    type: 'integer',
    nullable: true,
    description: '0 normal, 1 banned, 2 dismissed, 3 muted; null: not reported yet',
  })
  status!: number | null;

  @ApiProperty({ type: 'integer' })
  groups!: number;
}

class DeliveriesDto {
  @ApiProperty()
  command!: string;

  @ApiProperty()
  outcome!: string;

  @ApiProperty({ type: 'integer' })
  lastHour!: number;

  @ApiProperty({ type: 'integer' })
  lastDay!: number;
}

class LastReceivedDto {
  @ApiProperty()
  command!: string;

  @ApiProperty({ format: 'date-time' })
  receivedAt!: string;
}

class LostCallbacksDto {
  @ApiProperty({ type: [String], description: 'Keys in webhooks.yml of OpenIM' })
  hooks!: readonly string[];

  @ApiProperty({ type: 'integer', description: 'Lost callbacks of these hooks, at least' })
  lost!: number;

  @ApiProperty({
    type: 'integer',
    description: 'Callbacks of these hooks that arrived; 0: the hooks are off, or do not reach the service',
  })
  arrived!: number;
}

class JournalDto {
  @ApiProperty({
    description:
      'Whether the journal accepts callbacks; false: JOURNAL is off, DATA_DIR cannot be used, or the journal is full',
  })
  open!: boolean;

  @ApiProperty({ type: 'integer', description: 'Callbacks that wait for PostgreSQL' })
  waiting!: number;

  @ApiProperty({ type: 'integer', description: 'Size on disk, in bytes' })
  bytes!: number;

  @ApiProperty({
    type: String,
    format: 'date-time',
    nullable: true,
    description: 'When the oldest of them was received; null: the journal is empty',
  })
  oldestReceivedAt!: string | null;
}

/** Counts, at most 5 s old. A count that PostgreSQL does not finish within 3 s is null. */
export class StatsDto {
  @ApiProperty({ type: [GroupsOfStatusDto], nullable: true })
  groups!: GroupsOfStatusDto[] | null;

  @ApiProperty({
    type: 'integer',
    nullable: true,
    description: 'Memberships: the sum of the memberCount of all groups',
  })
  members!: number | null;

  @ApiProperty({ type: 'integer', nullable: true, description: 'Groups that need reconciling with OpenIM' })
  staleGroups!: number | null;

  @ApiProperty({ type: [DeliveriesDto], nullable: true })
  deliveries!: DeliveriesDto[] | null;

  @ApiProperty({ type: [LastReceivedDto], nullable: true })
  lastReceived!: LastReceivedDto[] | null;

  @ApiProperty({
    type: [LostCallbacksDto],
    nullable: true,
    description: 'The hooks of OpenIM that lost callbacks within the last day, as reconciliation found',
  })
  lostCallbacks!: LostCallbacksDto[] | null;

  @ApiProperty({
    type: [String],
    nullable: true,
    description: 'Commands of the last day by which OpenIM asked before users acted; none should come',
  })
  beforeCommands!: string[] | null;

  @ApiProperty({
    type: 'number',
    nullable: true,
    description:
      'The clock of OpenIM minus that of PostgreSQL, to a second; null: this replica does not ask OpenIM',
  })
  clockDifferenceMs!: number | null;

  @ApiProperty({ description: 'Current state of the journal of the replica that answers' })
  journal!: JournalDto;
}

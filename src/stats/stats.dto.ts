import { ApiProperty } from '@nestjs/swagger';

class GroupsOfStatusDto {
  @ApiProperty({
    type: 'integer',
    nullable: true,
    description: '0 normal, 1 banned, 2 dismissed, 3 muted; null: not told yet',
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

class JournalDto {
  @ApiProperty({
    description: 'Whether it takes callbacks; false: JOURNAL is off, DATA_DIR cannot be used, or it is full',
  })
  open!: boolean;

  @ApiProperty({ type: 'integer', description: 'Callbacks that wait for PostgreSQL' })
  waiting!: number;

  @ApiProperty({ type: 'integer', description: 'What they take on disk' })
  bytes!: number;

  @ApiProperty({ type: String, format: 'date-time', nullable: true, description: 'Of the first that waits' })
  oldestReceivedAt!: string | null;
}

/** How much there is of everything; at most 5 s old. What PostgreSQL cannot count within 3 s is null, each figure by itself. */
export class StatsDto {
  @ApiProperty({ type: [GroupsOfStatusDto], nullable: true })
  groups!: GroupsOfStatusDto[] | null;

  @ApiProperty({
    type: 'integer',
    nullable: true,
    description: 'Memberships: the memberCount of all groups together',
  })
  members!: number | null;

  @ApiProperty({ type: 'integer', nullable: true, description: 'Groups that need a look' })
  staleGroups!: number | null;

  @ApiProperty({ type: [DeliveriesDto], nullable: true })
  deliveries!: DeliveriesDto[] | null;

  @ApiProperty({ type: [LastReceivedDto], nullable: true })
  lastReceived!: LastReceivedDto[] | null;

  @ApiProperty({ description: 'Of the replica that answers, now' })
  journal!: JournalDto;
}

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

/** How much there is of everything; at most 5 s old. */
export class StatsDto {
  @ApiProperty({ type: [GroupsOfStatusDto] })
  groups!: GroupsOfStatusDto[];

  @ApiProperty({ type: 'integer', description: 'Memberships: the memberCount of all groups together' })
  members!: number;

  @ApiProperty({ type: 'integer', description: 'Groups that need a look' })
  staleGroups!: number;

  @ApiProperty({ type: [DeliveriesDto] })
  deliveries!: DeliveriesDto[];

  @ApiProperty({ type: [LastReceivedDto] })
  lastReceived!: LastReceivedDto[];
}

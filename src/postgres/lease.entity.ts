import { Column, Entity, PrimaryColumn } from 'typeorm';

/** Lease of work that one replica at a time does. It is a row, not an advisory lock: a frozen or disconnected replica loses it. */
@Entity('leases', { comment: 'Leader election: work that one replica at a time does.' })
export class Lease {
  @PrimaryColumn('text', { primaryKeyConstraintName: 'leases_pkey', comment: 'Name of the work.' })
  name!: string;

  @Column('uuid', { comment: 'Id of the process that holds the lease.' })
  holder!: string;

  @Column('bigint', {
    comment:
      'Number of times the lease was taken or renewed; it moves while the holder is alive, whatever the clocks show.',
  })
  renewals!: string;

  @Column('timestamptz', { name: 'expires_at', comment: "When the lease expires, by PostgreSQL's clock." })
  expiresAt!: Date;
}

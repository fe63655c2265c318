import { Column, Entity, PrimaryColumn } from 'typeorm';

/** Work that one replica at a time does, and which one. A row and not a session's lock: a frozen or vanished replica loses it. */
@Entity('leases')
export class Lease {
  @PrimaryColumn('text', { primaryKeyConstraintName: 'leases_pkey' })
  name!: string;

  /** The process that holds it. */
  @Column('uuid')
  holder!: string;

  /** How often it was taken or renewed. Who waits sees by it, without any clock of PostgreSQL's, whether the holder is alive. */
  @Column('bigint')
  renewals!: string;

  @Column('timestamptz', { name: 'expires_at' })
  expiresAt!: Date;
}

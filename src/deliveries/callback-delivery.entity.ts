import { Column, Entity, Index, PrimaryColumn } from 'typeorm';

/** What became of a callback: written; known already; not mirrored; not valid; not written for another reason. */
export const OUTCOMES = ['applied', 'unchanged', 'ignored', 'refused', 'failed'] as const;
export type Outcome = (typeof OUTCOMES)[number];

/** One request that OpenIM made, and what became of it. */
@Entity('callback_deliveries')
@Index('callback_deliveries_received_at_idx', ['receivedAt', 'id', 'command', 'outcome'])
@Index('callback_deliveries_command_idx', ['command', 'receivedAt', 'id'])
@Index('callback_deliveries_group_id_idx', ['groupID', 'receivedAt', 'id'])
@Index('callback_deliveries_outcome_idx', ['outcome', 'receivedAt', 'id'])
@Index('callback_deliveries_body_idx', ['receivedAt'], { where: 'body IS NOT NULL' })
export class CallbackDelivery {
  @PrimaryColumn('uuid', { primaryKeyConstraintName: 'callback_deliveries_pkey' })
  id!: string;

  /** By PostgreSQL's clock, to the ms. */
  @Column('timestamptz', { name: 'received_at' })
  receivedAt!: Date;

  /** As the server calls it. */
  @Column('text')
  command!: string;

  @Column('text', { name: 'operation_id' })
  operationID!: string;

  /** Null where the body names none. */
  @Column({ type: 'text', name: 'group_id', collation: 'C', nullable: true })
  groupID!: string | null;

  @Column('text')
  outcome!: Outcome;

  /** Why it was refused or failed, or why what it tells could not be mirrored. */
  @Column('text', { nullable: true })
  problems!: string | null;

  /** What it tells, in words for staff. */
  @Column('text', { nullable: true })
  summary!: string | null;

  /** From the head of the request to the write of this row, in ms. */
  @Column('real', { name: 'duration_ms' })
  durationMs!: number;

  /** The bytes as they came; null for commands that are not mirrored, or whose bodies are not kept, and after `DELIVERY_RETENTION_DAYS`. */
  @Column('bytea', { nullable: true, select: false })
  body!: Buffer | null;

  /** The delivery that this one replays. */
  @Column('uuid', { name: 'replay_of', nullable: true })
  replayOf!: string | null;
}

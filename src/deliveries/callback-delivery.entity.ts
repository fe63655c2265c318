import { Column, Entity, Index, PrimaryColumn } from 'typeorm';

/**
 * Outcome of a callback. `applied`: it changed rows; `unchanged`: everything in it was known or superseded; `ignored`: its command is not
 * mirrored; `rejected`: its payload is not valid; `failed`: it could not be written.
 */
export const DELIVERY_OUTCOMES = ['applied', 'unchanged', 'ignored', 'rejected', 'failed'] as const;
export type DeliveryOutcome = (typeof DELIVERY_OUTCOMES)[number];

/** A callback that OpenIM sent, with its outcome. */
@Entity('callback_deliveries', { comment: 'Log of the callbacks that OpenIM sent, with their outcomes.' })
@Index('callback_deliveries_received_at_idx', ['receivedAt', 'id', 'command', 'outcome'])
@Index('callback_deliveries_command_idx', ['command', 'receivedAt', 'id'])
@Index('callback_deliveries_group_id_idx', ['groupID', 'receivedAt', 'id'])
@Index('callback_deliveries_outcome_idx', ['outcome', 'receivedAt', 'id'], {
  where: "outcome <> 'applied'",
})
export class CallbackDelivery {
  @PrimaryColumn('uuid', {
    primaryKeyConstraintName: 'callback_deliveries_pkey',
    comment: 'Id of the delivery, a UUID of version 7.',
  })
  id!: string;

  @Column('timestamptz', {
    name: 'received_at',
    comment: "When it was received, by PostgreSQL's clock, in whole ms.",
  })
  receivedAt!: Date;

  @Column('text', { comment: 'Command of the callback, under the name that OpenIM sent.' })
  command!: string;

  @Column('text', { name: 'operation_id', comment: 'operationID of the request; not unique.' })
  operationID!: string;

  @Column({
    type: 'text',
    name: 'group_id',
    collation: 'C',
    nullable: true,
    comment: 'groupID in the body; NULL: it names none.',
  })
  groupID!: string | null;

  @Column('text', { comment: 'applied, unchanged, ignored, rejected or failed.' })
  outcome!: DeliveryOutcome;

  @Column('text', { nullable: true, comment: 'Why it was rejected, failed, or could not be mirrored.' })
  problems!: string | null;

  @Column('text', { nullable: true, comment: 'One sentence for staff: what the callback reports.' })
  summary!: string | null;

  @Column('real', {
    name: 'duration_ms',
    comment: 'Time from the head of the request to the write of this row, in ms.',
  })
  durationMs!: number;

  @Column('bytea', {
    nullable: true,
    select: false,
    comment: 'Bytes of the body; NULL for commands whose bodies are not kept.',
  })
  body!: Buffer | null;

  @Column('uuid', { name: 'replay_of', nullable: true, comment: 'Id of the delivery that this one replays.' })
  replayOf!: string | null;
}

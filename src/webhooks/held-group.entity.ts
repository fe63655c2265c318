import { Column, Entity, PrimaryColumn } from 'typeorm';

/**
 * A group whose next change an endpoint has not received. Its changes wait for that one, and the changes of other groups do not: the cursor
 * of the endpoint goes on.
 */
@Entity('webhook_held_groups', { comment: 'Groups whose next change an endpoint did not receive yet.' })
export class HeldGroup {
  @PrimaryColumn('text', {
    name: 'endpoint_id',
    primaryKeyConstraintName: 'webhook_held_groups_pkey',
    comment: 'The endpoint.',
  })
  endpointID!: string;

  @PrimaryColumn('text', {
    name: 'group_id',
    collation: 'C',
    primaryKeyConstraintName: 'webhook_held_groups_pkey',
    comment: 'groupID of OpenIM.',
  })
  groupID!: string;

  @Column('bigint', { comment: 'Revision of the change that is sent next.' })
  revision!: string;

  @Column('integer', { comment: 'Number of failed attempts to send it.' })
  attempts!: number;

  @Column('timestamptz', { comment: 'When the first of them failed.' })
  since!: Date;

  @Column('timestamptz', { name: 'next_attempt_at', comment: 'When it is sent again.' })
  nextAttemptAt!: Date;

  @Column('text', { name: 'last_error', nullable: true, comment: 'The last failure; NULL: none.' })
  lastError!: string | null;
}

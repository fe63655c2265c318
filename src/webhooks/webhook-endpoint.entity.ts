import { Column, Entity, PrimaryColumn } from 'typeorm';

/** A receiver of webhooks, and how far it has received the changes: one row, however many changes there are. */
@Entity('webhook_endpoints', { comment: 'Receivers of webhooks, and how far each has received the changes.' })
export class WebhookEndpoint {
  @PrimaryColumn('text', {
    primaryKeyConstraintName: 'webhook_endpoints_pkey',
    comment: 'Id of the endpoint: a hash of its url.',
  })
  id!: string;

  @Column('text', { comment: 'Its url, without the query.' })
  url!: string;

  @Column('text', { comment: 'Cursor of the feed: what is before it was received, but for the held groups.' })
  cursor!: string;

  @Column('integer', {
    comment: 'Number of times that a sender began or the cursor was set: a former sender notices it.',
  })
  generation!: number;

  @Column('timestamptz', {
    name: 'received_at',
    nullable: true,
    comment: 'When it last received a change; NULL: never.',
  })
  receivedAt!: Date | null;

  @Column('timestamptz', {
    name: 'failing_since',
    nullable: true,
    comment: 'Since when no request succeeds; NULL: the last one did.',
  })
  failingSince!: Date | null;

  @Column('text', { name: 'last_error', nullable: true, comment: 'The last failure; NULL: none.' })
  lastError!: string | null;

  @Column('timestamptz', { name: 'last_error_at', nullable: true, comment: 'When that was.' })
  lastErrorAt!: Date | null;

  @Column('text', {
    name: 'stopped_reason',
    nullable: true,
    comment: 'Why nothing is sent to it until a rewind; NULL: it is not stopped.',
  })
  stoppedReason!: string | null;

  @Column('bigint', { comment: 'Number of changes that were skipped, after 3 days of failures.' })
  skipped!: string;
}

import { Check, Column, Entity, PrimaryColumn } from 'typeorm';

/** What orders the feed of changes: one row. */
@Entity('change_feed', { comment: 'What orders the feed of changes. One row.' })
@Check('change_feed_one_row', 'id')
export class ChangeFeed {
  @PrimaryColumn('boolean', { primaryKeyConstraintName: 'change_feed_pkey', comment: 'Always true.' })
  id!: true;

  @Column('uuid', {
    comment: 'Changes where the database was restored from a dump: cursors of before are not valid.',
  })
  epoch!: string;

  @Column('bigint', {
    name: 'position_offset',
    comment: 'Added to the ids of transactions: positions go on where another cluster began with small ids.',
  })
  positionOffset!: string;

  @Column('bigint', {
    name: 'removed_position',
    comment: 'Highest position of the changes that the retention removed.',
  })
  removedPosition!: string;
}

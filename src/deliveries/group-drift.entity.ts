import { Column, Entity, Index, PrimaryColumn } from 'typeorm';

/**
 * Kinds of differences between a snapshot of OpenIM and the rows. `group`: a group whose creation was missed; `filled`: a group that is older
 * than the mirror; `info`, `status`, `dismissed`, `owner`: fields of the group; `joined`, `left`, `role`: members and their roles; `member`: other
 * fields of members.
 */
export const DRIFT_KINDS = [
  'filled',
  'group',
  'info',
  'status',
  'dismissed',
  'owner',
  'joined',
  'left',
  'role',
  'member',
] as const;
export type DriftKind = (typeof DRIFT_KINDS)[number];

/** A difference between a snapshot of a group and the rows, which reconciliation repaired. */
@Entity('group_drifts', { comment: 'Differences from OpenIM that reconciliation found and repaired.' })
@Index('group_drifts_group_id_idx', ['groupID', 'foundAt', 'id'])
@Index('group_drifts_found_at_idx', ['foundAt'])
export class GroupDrift {
  @PrimaryColumn('uuid', { primaryKeyConstraintName: 'group_drifts_pkey', comment: 'Id of the drift.' })
  id!: string;

  @Column({ type: 'text', name: 'group_id', collation: 'C', comment: 'groupID of OpenIM.' })
  groupID!: string;

  @Column('timestamptz', {
    name: 'found_at',
    comment: "When it was found, by PostgreSQL's clock, in whole ms.",
  })
  foundAt!: Date;

  @Column('text', {
    comment: 'What differed: filled, group, info, status, dismissed, owner, joined, left, role or member.',
  })
  kind!: DriftKind;

  @Column('integer', { comment: 'Number of differences.' })
  differences!: number;

  @Column('integer', {
    name: 'missed_callbacks',
    comment: 'Lower bound of the callbacks that were lost; 0 where OpenIM sends none for this kind.',
  })
  missedCallbacks!: number;

  @Column('text', { comment: 'One sentence for staff.' })
  summary!: string;

  @Column('text', {
    name: 'user_ids',
    array: true,
    nullable: true,
    comment:
      'Up to 50 of the users whom the missed callbacks would have named; NULL: they would have named none.',
  })
  userIDs!: string[] | null;
}

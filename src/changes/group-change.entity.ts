import { Column, Entity, Index, PrimaryColumn } from 'typeorm';
import type { ChangeContent, ChangeKind } from './change-content.js';

/** Where a change comes from. `backfill`: the first snapshot of a group that no callback had described. */
export const CHANGE_SOURCES = ['callback', 'replay', 'reconciliation', 'backfill'] as const;
export type ChangeSource = (typeof CHANGE_SOURCES)[number];

/** A change of a group or of its members: one row for each callback or snapshot that changed something. */
@Entity('group_changes', { comment: 'Every change of a group and its members, in order.' })
@Index('group_changes_position_idx', ['position', 'groupID', 'revision'])
@Index('group_changes_drift_idx', ['recordedAt'], { where: "drift IS NOT NULL AND source <> 'backfill'" })
@Index('group_changes_group_drift_idx', ['groupID', 'recordedAt', 'revision'], {
  where: 'drift IS NOT NULL',
})
export class GroupChange {
  @PrimaryColumn('text', {
    name: 'group_id',
    collation: 'C',
    primaryKeyConstraintName: 'group_changes_pkey',
    comment: 'groupID of OpenIM.',
  })
  groupID!: string;

  @PrimaryColumn('bigint', {
    primaryKeyConstraintName: 'group_changes_pkey',
    comment: 'Number of this change of the group: 1, 2, 3 and so on.',
  })
  revision!: string;

  @PrimaryColumn('timestamptz', {
    name: 'recorded_at',
    primaryKeyConstraintName: 'group_changes_pkey',
    comment: "When it was written, by PostgreSQL's clock.",
  })
  recordedAt!: Date;

  @Column('bigint', { comment: 'Id of the transaction that wrote it: the order of the feed.' })
  position!: string;

  @Column('text', {
    array: true,
    comment: 'What changed: created, dismissed, status, owner, info, joined, left, role and member.',
  })
  kinds!: ChangeKind[];

  @Column('text', { comment: 'callback, replay, reconciliation or backfill.' })
  source!: ChangeSource;

  @Column('uuid', {
    nullable: true,
    comment: 'Id of the delivery, or of the run; NULL: a reconciliation without a run, or an operator.',
  })
  cause!: string | null;

  @Column('timestamptz', { name: 'as_of', comment: 'Time as of which the change is true.' })
  asOf!: Date;

  @Column('jsonb', { comment: 'What became what: fields of the group, and members.' })
  change!: ChangeContent;

  @Column('jsonb', {
    nullable: true,
    comment:
      'Differences from OpenIM that reconciliation found, each with kind, differences, missedCallbacks, summary and userIDs; NULL: none.',
  })
  drift!: Drift[] | null;
}

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

/** Differences of one kind, with a sentence for staff. */
export interface Drift {
  kind: DriftKind;
  differences: number;
  /** Lower bound of the callbacks that were lost; 0 where OpenIM sends none for this kind. */
  missedCallbacks: number;
  summary: string;
  /** Up to 50 of the users whom the missed callbacks would have named; absent: they would have named none. */
  userIDs?: string[];
}

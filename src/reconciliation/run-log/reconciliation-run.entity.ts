import { Column, Entity, Index, PrimaryColumn } from 'typeorm';

/**
 * `backfill` reads every group that was never read, `sweep` what changed, `full` every group once more.
 */
export const RUN_KINDS = ['backfill', 'sweep', 'full'] as const;
export type RunKind = (typeof RUN_KINDS)[number];

/** `interrupted`: the process that ran it ended. */
export const RUN_STATES = ['requested', 'running', 'done', 'failed', 'interrupted'] as const;
export type RunState = (typeof RUN_STATES)[number];

/** One run over the groups of OpenIM. */
@Entity('reconciliation_runs')
@Index('reconciliation_runs_started_at_idx', ['startedAt', 'id'])
@Index('reconciliation_runs_requested_idx', ['kind'], { unique: true, where: "state = 'requested'" })
@Index('reconciliation_runs_backfill_idx', ['endedAt'], { where: "kind = 'backfill' AND state = 'done'" })
export class ReconciliationRun {
  @PrimaryColumn('uuid', { primaryKeyConstraintName: 'reconciliation_runs_pkey' })
  id!: string;

  @Column('text')
  kind!: RunKind;

  @Column('text')
  state!: RunState;

  /** When it was requested; from its start on when it started. */
  @Column('timestamptz', { name: 'started_at' })
  startedAt!: Date;

  @Column('timestamptz', { name: 'ended_at', nullable: true })
  endedAt!: Date | null;

  /** Groups that OpenIM has. */
  @Column('integer', { default: 0 })
  groups!: number;

  /** Groups read so far; a sweep reads those only that changed. */
  @Column('integer', { name: 'groups_read', default: 0 })
  groupsRead!: number;

  /** Groups that failed and are tried again: OpenIM did not show them, or PostgreSQL could not write them. */
  @Column('integer', { name: 'groups_failed', default: 0 })
  groupsFailed!: number;

  /** Members read so far. */
  @Column('integer', { default: 0 })
  members!: number;

  /** Differences found and repaired so far. */
  @Column('integer', { default: 0 })
  repairs!: number;

  /** Requests made to OpenIM so far. */
  @Column('integer', { default: 0 })
  requests!: number;

  /** Why it failed, or what it could not do. */
  @Column('text', { nullable: true })
  problem!: string | null;
}

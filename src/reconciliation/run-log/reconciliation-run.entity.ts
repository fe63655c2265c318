import { Column, Entity, Index, PrimaryColumn } from 'typeorm';

/** `backfill` reads every group that was never read, `resync` the groups that changed, `full` every group. */
export const RUN_KINDS = ['backfill', 'resync', 'full'] as const;
export type RunKind = (typeof RUN_KINDS)[number];

/** `interrupted`: the process ended before the run. */
export const RUN_STATES = ['requested', 'running', 'done', 'failed', 'interrupted'] as const;
export type RunState = (typeof RUN_STATES)[number];

/** One run over the groups of OpenIM. */
@Entity('reconciliation_runs', { comment: 'Runs of the reconciliation over all groups.' })
@Index('reconciliation_runs_started_at_idx', ['startedAt', 'id'])
@Index('reconciliation_runs_unended_idx', ['startedAt'], { where: "state IN ('requested', 'running')" })
@Index('reconciliation_runs_requested_idx', ['kind'], { unique: true, where: "state = 'requested'" })
@Index('reconciliation_runs_backfill_idx', ['endedAt'], { where: "kind = 'backfill' AND state = 'done'" })
export class ReconciliationRun {
  @PrimaryColumn('uuid', {
    primaryKeyConstraintName: 'reconciliation_runs_pkey',
    comment: 'Id of the run, a UUID of version 7.',
  })
  id!: string;

  @Column('text', { comment: 'backfill: groups never read; resync: what changed; full: every group.' })
  kind!: RunKind;

  @Column('text', { comment: 'requested, running, done, failed or interrupted.' })
  state!: RunState;

  @Column('timestamptz', {
    name: 'started_at',
    comment: 'When the run started; while it is requested: when it was requested.',
  })
  startedAt!: Date;

  @Column('timestamptz', { name: 'ended_at', nullable: true, comment: 'When the run ended.' })
  endedAt!: Date | null;

  @Column('integer', { default: 0, comment: 'Number of groups in OpenIM.' })
  groups!: number;

  @Column('integer', {
    name: 'groups_read',
    default: 0,
    comment: 'Number of groups read; a resync reads only changed ones.',
  })
  groupsRead!: number;

  @Column('integer', {
    name: 'groups_failed',
    default: 0,
    comment: 'Number of groups that OpenIM did not show or PostgreSQL did not write; they are retried.',
  })
  groupsFailed!: number;

  @Column('integer', { default: 0, comment: 'Number of members read.' })
  members!: number;

  @Column('integer', { default: 0, comment: 'Number of differences found and repaired.' })
  differences!: number;

  @Column('integer', { default: 0, comment: 'Number of requests to OpenIM.' })
  requests!: number;

  @Column('text', { nullable: true, comment: 'Why the run failed, or what it left out.' })
  problem!: string | null;
}

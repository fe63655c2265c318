import { ApiProperty } from '../openapi/decorators.js';
import { DRIFT_KINDS, type DriftKind } from '../changes/group-change.entity.js';
import {
  type ReconciliationRun,
  RUN_KINDS,
  RUN_STATES,
  type RunKind,
  type RunState,
} from './run-log/reconciliation-run.entity.js';

/** One run over the groups of OpenIM. */
export class RunDto {
  @ApiProperty({ format: 'uuid' })
  id!: string;

  @ApiProperty({
    enum: RUN_KINDS,
    description: 'backfill: groups never read; resync: groups that changed; full: every group',
  })
  kind!: RunKind;

  @ApiProperty({ enum: RUN_STATES })
  state!: RunState;

  @ApiProperty({ format: 'date-time', description: 'While the run is requested: when it was requested' })
  startedAt!: string;

  @ApiProperty({ type: String, format: 'date-time', nullable: true })
  endedAt!: string | null;

  @ApiProperty({ type: 'integer', description: 'Groups in OpenIM' })
  groups!: number;

  @ApiProperty({ type: 'integer', description: 'Groups read so far' })
  groupsRead!: number;

  @ApiProperty({
    type: 'integer',
    description:
      'Groups that failed and are retried: OpenIM did not show them, or PostgreSQL could not write them',
  })
  groupsFailed!: number;

  @ApiProperty({ type: 'integer', description: 'Members read so far' })
  members!: number;

  @ApiProperty({ type: 'integer', description: 'Differences found and repaired so far' })
  differences!: number;

  @ApiProperty({ type: 'integer', description: 'Requests sent to OpenIM so far' })
  requests!: number;

  @ApiProperty({ type: String, nullable: true, description: 'Why the run failed, or what it left out' })
  problem!: string | null;
}

/** Numbers of groups that wait to be reconciled. */
export class WaitingDto {
  @ApiProperty({ type: 'integer', description: 'Groups that need reconciling' })
  stale!: number;

  @ApiProperty({ type: 'integer', description: 'Groups that were never read from OpenIM' })
  neverRead!: number;

  @ApiProperty({
    type: 'integer',
    description: 'Groups that OpenIM does not have; they stay as they are',
  })
  absent!: number;
}

/** Drift of one kind within the last day. */
export class DriftDto {
  @ApiProperty({ enum: DRIFT_KINDS })
  kind!: DriftKind;

  @ApiProperty({ type: 'integer', description: 'Differences' })
  differences!: number;

  @ApiProperty({
    type: 'integer',
    description:
      'Lower bound of the callbacks lost for them: one may name many members. OpenIM sends none for some kinds',
  })
  missedCallbacks!: number;
}

/** The state of reconciliation. */
export class ReconciliationDto {
  @ApiProperty({
    enum: ['off', 'idle', 'running'],
    description: 'off: OPENIM_API_URL is not set; running: a run is in progress; idle: no run is in progress',
  })
  state!: 'off' | 'idle' | 'running';

  @ApiProperty({ type: WaitingDto })
  waiting!: WaitingDto;

  @ApiProperty({ type: [DriftDto], description: 'Drift of the last day, by kind' })
  drift!: DriftDto[];

  @ApiProperty({ type: 'integer', description: 'Lost callbacks of the last day, at least' })
  missedCallbacks!: number;

  @ApiProperty({
    type: 'integer',
    nullable: true,
    description:
      'Callbacks of the last day, of mirrored commands; null: they could not be counted within 3 s',
  })
  receivedCallbacks!: number | null;

  @ApiProperty({
    type: Number,
    nullable: true,
    description:
      'Lost part of all callbacks of the last day; null: there were none, or receivedCallbacks is null',
  })
  lossRate!: number | null;

  @ApiProperty({
    type: [RunDto],
    description: 'The last 20 runs, and older ones that have not ended, newest first',
  })
  runs!: RunDto[];
}

/** Drift of a group that was found and repaired. */
export class DriftOfGroupDto {
  @ApiProperty({ enum: DRIFT_KINDS })
  kind!: string;

  @ApiProperty({ type: 'integer' })
  differences!: number;

  @ApiProperty({ description: 'The drift as a sentence' })
  summary!: string;
}

/** Result of the reconciliation of one group. */
export class RefreshDto {
  @ApiProperty()
  groupID!: string;

  @ApiProperty({
    enum: ['verified', 'tooRecent', 'outdated', 'unverified', 'failed', 'absent'],
    description:
      'verified: the mirror equals OpenIM; tooRecent: a callback of the last seconds reports another state, the group is reconciled again; ' +
      'outdated: a later snapshot was written first; ' +
      'unverified: the snapshot contradicts itself, and no member was removed; ' +
      'failed: OpenIM does not show the group, or PostgreSQL cannot write it now; absent: OpenIM does not have the group',
  })
  state!: string;

  @ApiProperty({ type: String, nullable: true, description: 'Why the state is unverified or failed' })
  reason!: string | null;

  @ApiProperty({ type: [DriftOfGroupDto] })
  drift!: DriftOfGroupDto[];
}

export function toRunDto(run: ReconciliationRun): RunDto {
  return {
    id: run.id,
    kind: run.kind,
    state: run.state,
    startedAt: run.startedAt.toISOString(),
    endedAt: run.endedAt?.toISOString() ?? null,
    groups: run.groups,
    groupsRead: run.groupsRead,
    groupsFailed: run.groupsFailed,
    members: run.members,
    differences: run.differences,
    requests: run.requests,
    problem: run.problem,
  };
}

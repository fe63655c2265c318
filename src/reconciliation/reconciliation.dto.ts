import { ApiProperty } from '@nestjs/swagger';
import { DRIFT_KINDS, type DriftKind } from '../deliveries/group-drift.entity.js';
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
    description: 'backfill: what was never read; sweep: what changed; full: all',
  })
  kind!: RunKind;

  @ApiProperty({ enum: RUN_STATES })
  state!: RunState;

  @ApiProperty({ format: 'date-time', description: 'Of a requested one: when it was requested' })
  startedAt!: string;

  @ApiProperty({ type: String, format: 'date-time', nullable: true })
  endedAt!: string | null;

  @ApiProperty({ type: 'integer', description: 'Groups that OpenIM has' })
  groups!: number;

  @ApiProperty({ type: 'integer', description: 'Groups read so far' })
  groupsRead!: number;

  @ApiProperty({
    type: 'integer',
    description:
      'Groups that failed and are tried again: OpenIM did not show them, or PostgreSQL could not write them',
  })
  groupsFailed!: number;

  @ApiProperty({ type: 'integer', description: 'Members read so far' })
  members!: number;

  @ApiProperty({ type: 'integer', description: 'Differences found and repaired so far' })
  differences!: number;

  @ApiProperty({ type: 'integer', description: 'Requests made to OpenIM so far' })
  requests!: number;

  @ApiProperty({ type: String, nullable: true, description: 'Why it failed, or what it could not do' })
  problem!: string | null;
}

/** How many groups wait to be looked at. */
export class WaitingDto {
  @ApiProperty({ type: 'integer', description: 'Groups that need a look' })
  stale!: number;

  @ApiProperty({ type: 'integer', description: 'Groups that were never read from OpenIM' })
  neverRead!: number;

  @ApiProperty({
    type: 'integer',
    description: 'Groups that OpenIM does not know; nothing is done about them',
  })
  absent!: number;
}

/** What was found of one kind within the last day. */
export class DriftDto {
  @ApiProperty({ enum: DRIFT_KINDS })
  kind!: DriftKind;

  @ApiProperty({ type: 'integer', description: 'Differences' })
  differences!: number;

  @ApiProperty({
    type: 'integer',
    description:
      'Callbacks that should have told them, at least: one may name many members. Of other differences OpenIM tells nothing',
  })
  missedCallbacks!: number;
}

/** How equal the mirror is to OpenIM. */
export class ReconciliationDto {
  @ApiProperty({
    enum: ['off', 'idle', 'running'],
    description:
      'off: OPENIM_API_URL is not set; running: a run is under way; idle: none is, until the next one',
  })
  state!: 'off' | 'idle' | 'running';

  @ApiProperty({ type: WaitingDto })
  waiting!: WaitingDto;

  @ApiProperty({ type: [DriftDto], description: 'Of the last day' })
  drift!: DriftDto[];

  @ApiProperty({ type: 'integer', description: 'Of the last day' })
  missedCallbacks!: number;

  @ApiProperty({
    type: 'integer',
    nullable: true,
    description: 'Of the last day, mirrored commands; null: they could not be counted within 3 s',
  })
  receivedCallbacks!: number | null;

  @ApiProperty({
    type: Number,
    nullable: true,
    description:
      'The part of all callbacks that were lost, of the last day; null: there were none, or receivedCallbacks is null',
  })
  lossRate!: number | null;

  @ApiProperty({ type: [RunDto], description: 'The last 20, newest first' })
  runs!: RunDto[];
}

/** What was found of a group and repaired. */
export class DriftOfGroupDto {
  @ApiProperty({ enum: DRIFT_KINDS })
  kind!: string;

  @ApiProperty({ type: 'integer' })
  differences!: number;

  @ApiProperty({ description: 'In words' })
  summary!: string;
}

/** What a look at one group came to. */
export class RefreshDto {
  @ApiProperty()
  groupID!: string;

  @ApiProperty({
    enum: ['verified', 'tooRecent', 'outdated', 'unverified', 'failed', 'absent'],
    description:
      'verified: the mirror is as OpenIM now; tooRecent: a callback of the last seconds reports something else, the group is reconciled again; ' +
      'outdated: a snapshot that began later was written meanwhile; ' +
      'unverified: the snapshot did not agree with itself, and nobody was taken out by it; ' +
      'failed: OpenIM does not show the group, or PostgreSQL cannot write it now; absent: OpenIM does not know the group',
  })
  state!: string;

  @ApiProperty({ type: String, nullable: true, description: 'Why, where the state is unverified or failed' })
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

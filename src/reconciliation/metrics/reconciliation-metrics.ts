import { Injectable } from '@nestjs/common';
import { Counter, Gauge } from 'prom-client';
import { DRIFT_KINDS } from '../../changes/group-change.entity.js';
import type { Drift } from '../../groups/statements/reconcile-group.js';
import { MetricsService } from '../../metrics/metrics.service.js';
import { OpenImClient } from '../../openim/openim.client.js';
import { RUN_KINDS, type RunKind } from '../run-log/reconciliation-run.entity.js';

/** The outcomes of a run. */
const RUN_OUTCOMES = ['done', 'failed', 'interrupted'] as const;
export type RunOutcome = (typeof RUN_OUTCOMES)[number];

/** The steps of reconciling a group that may fail. */
const FAILED_STEPS = ['read', 'write'] as const;

/** The metrics of reconciliation in this process. Only the leader reconciles, so the sum over replicas is right. */
@Injectable()
export class ReconciliationMetrics {
  private readonly leader: Gauge;
  private readonly runs: Counter;
  private readonly running: Gauge;
  private readonly lastResync: Gauge;
  private readonly differences: Counter;
  private readonly missedCallbacks: Counter;
  private readonly groupsWaiting: Gauge;
  private readonly failedGroups: Counter;
  private readonly restores: Counter;

  constructor({ registry }: MetricsService, openIm: OpenImClient) {
    const registers = [registry];
    this.leader = new Gauge({
      name: 'openim_reconciliation_leader',
      help: '1 on the leader of reconciliation, 0 on the other replicas; absent without OPENIM_API_URL',
      registers,
    });
    this.runs = new Counter({
      name: 'openim_reconciliation_runs_total',
      help: 'Runs that ended, by kind and outcome',
      labelNames: ['kind', 'outcome'],
      registers,
    });
    this.running = new Gauge({
      name: 'openim_reconciliation_running',
      help: '1 while a run of the kind is in progress',
      labelNames: ['kind'],
      registers,
    });
    this.lastResync = new Gauge({
      name: 'openim_reconciliation_last_resync_timestamp_seconds',
      help: 'End of the last resync of this process; absent before the first',
      registers,
    });
    this.differences = new Counter({
      name: 'openim_reconciliation_differences_total',
      help: 'Differences from OpenIM found and repaired, by kind; the first snapshot of a group counts none',
      labelNames: ['kind'],
      registers,
    });
    this.missedCallbacks = new Counter({
      name: 'openim_reconciliation_missed_callbacks_total',
      help: 'Lower bound of lost callbacks: those that would have reported a difference and did not arrive within 30 s',
      registers,
    });
    this.groupsWaiting = new Gauge({
      name: 'openim_reconciliation_groups_waiting',
      help: 'Groups that are stale or were never read, counted by the leader',
      registers,
    });
    this.failedGroups = new Counter({
      name: 'openim_reconciliation_failed_groups_total',
      help: 'Groups that OpenIM did not show (read) or PostgreSQL did not write (write) while others succeeded; each is retried',
      labelNames: ['step'],
      registers,
    });
    this.restores = new Counter({
      name: 'openim_reconciliation_restores_detected_total',
      help: 'Times that OpenIM showed an older state than before, as after the restore of a backup; each requests a full run',
      registers,
    });
    FAILED_STEPS.forEach((step) => this.failedGroups.inc({ step }, 0));
    this.lastResync.remove();
    if (!openIm.isConfigured) {
      this.leader.remove();
    }
    for (const kind of RUN_KINDS) {
      this.running.set({ kind }, 0);
      RUN_OUTCOMES.forEach((outcome) => this.runs.inc({ kind, outcome }, 0));
    }
    for (const kind of DRIFT_KINDS.filter((one) => one !== 'filled')) {
      this.differences.inc({ kind }, 0);
    }
  }

  /** Sets whether this process is the leader. Only the leader counts the groups that wait. */
  setLeader(isLeader: boolean): void {
    this.leader.set(Number(isLeader));
    this.groupsWaiting.set(0);
  }

  runBegan(kind: RunKind): void {
    this.running.set({ kind }, 1);
  }

  runEnded(kind: RunKind, outcome: RunOutcome): void {
    this.running.set({ kind }, 0);
    this.runs.inc({ kind, outcome });
    if (kind === 'resync' && outcome === 'done') {
      this.lastResync.setToCurrentTime();
    }
  }

  /** Counts the drift of a group. */
  found(drift: Drift[]): void {
    for (const { kind, differences } of drift.filter((one) => one.kind !== 'filled')) {
      this.differences.inc({ kind }, differences);
    }
  }

  /** Counts a group that could not be reconciled. */
  failed(step: (typeof FAILED_STEPS)[number]): void {
    this.failedGroups.inc({ step });
  }

  restoreDetected(): void {
    this.restores.inc();
  }

  /** Adds lost callbacks. */
  missed(callbacks: number): void {
    this.missedCallbacks.inc(callbacks);
  }

  /** Sets the number of groups that wait. */
  waiting(groups: number): void {
    this.groupsWaiting.set(groups);
  }
}

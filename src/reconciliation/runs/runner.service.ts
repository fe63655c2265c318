import { Injectable } from '@nestjs/common';
import { OpenImClient } from '../../openim/openim.client.js';
import { GroupReconciler } from '../group-reconciler/group-reconciler.service.js';
import { ReconcileQueue } from '../queue/reconcile-queue.js';
import { FullRunsService } from './full-runs.service.js';
import type { RunKind } from '../run-log/reconciliation-run.entity.js';
import { ResyncService } from './resync.service.js';
import { Run } from './run.js';
import { type OnProgress, RunWork } from './run-work.js';

/** Executes runs. */
@Injectable()
export class RunnerService {
  constructor(
    private readonly openIm: OpenImClient,
    private readonly reconciler: GroupReconciler,
    private readonly queue: ReconcileQueue,
    private readonly resync: ResyncService,
    private readonly fullRuns: FullRunsService,
  ) {}

  /** Makes a run that has not started. */
  create(kind: RunKind): Run {
    return new Run(kind, () => this.openIm.requests);
  }

  /**
   * Executes a run to its end.
   * @throws the error of OpenIM in an outage; the driver's error; the signal's reason
   */
  async execute(run: Run, signal: AbortSignal, onProgress: OnProgress): Promise<void> {
    const work = new RunWork(run, signal, onProgress, this.reconciler, this.queue);
    if (run.kind === 'resync') {
      await this.resync.execute(work);
    } else if (run.kind === 'backfill') {
      await this.fullRuns.backfill(work, signal);
    } else {
      await this.fullRuns.full(work, signal);
    }
  }
}

import { Injectable, Logger } from '@nestjs/common';
import { ReconciliationMetrics } from '../metrics/reconciliation-metrics.js';
import type { Run } from './run.js';
import { RunnerService } from './runner.service.js';
import { RunLogService } from '../run-log/run-log.service.js';

/** Intervals at which the progress of a run is stored, and that of a long run is logged, in ms. */
const RECORD_MS = 1000;
const LOG_MS = 5000;

/** Executes a run, and records its progress and outcome in the table of runs and in the log. */
@Injectable()
export class RunRecorder {
  private readonly logger = new Logger('Reconciliation');

  constructor(
    private readonly runs: RunLogService,
    private readonly runner: RunnerService,
    private readonly metrics: ReconciliationMetrics,
  ) {}

  /**
   * Executes a run.
   * @param onProgress receives the run as it progresses, in place of the log
   * @throws the error of the run, after it is recorded
   */
  async record(run: Run, signal: AbortSignal, onProgress?: (run: Run) => void): Promise<void> {
    const { id, isRequested } = await this.runs.begin(run.kind);
    run.id = id;
    this.metrics.runBegan(run.kind);
    let [recorded, logged] = [Date.now(), Date.now()];
    try {
      await this.runner.execute(run, signal, async () => {
        onProgress?.(run);
        if (Date.now() - recorded >= RECORD_MS) {
          recorded = Date.now();
          await this.runs.progress(id, run.figures);
        }
        if (!onProgress && run.kind !== 'resync' && Date.now() - logged >= LOG_MS) {
          logged = Date.now();
          this.logger.log(run.progress, 'Run in progress');
        }
      });
    } catch (error) {
      run.note((error as Error).message);
      const outcome = signal.aborted ? 'interrupted' : 'failed';
      this.metrics.runEnded(run.kind, outcome);
      await this.endFailed(id, isRequested, outcome, run).catch(() => undefined); // the leader takes over a run that is left running
      throw error;
    }
    this.metrics.runEnded(run.kind, 'done');
    await this.runs.end(id, 'done', run.figures);
    const level = run.kind === 'resync' && run.differences === 0 ? 'debug' : 'log';
    this.logger[level](run.outcome, 'Run done');
  }

  /** Requests a requested run again, with its figures so far. Ends another one. */
  private async endFailed(
    id: string,
    isRequested: boolean,
    outcome: 'failed' | 'interrupted',
    { figures }: Run,
  ): Promise<void> {
    if (!isRequested || !(await this.runs.requestAgain(id, figures))) {
      await this.runs.end(id, outcome, figures);
    }
  }
}

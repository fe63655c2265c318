import { Injectable, Logger } from '@nestjs/common';
import { ReconciliationMetrics } from '../metrics/reconciliation-metrics.js';
import type { Run } from './run.js';
import { RunnerService } from './runner.service.js';
import { RunLogService } from '../run-log/run-log.service.js';

/** How often a run's figures are written down, and a long run's are logged, in ms. */
const RECORD_MS = 1000;
const LOG_MS = 5000;

/** Has a run done and writes down how far it is and what came of it: in the record of the runs, and in the log. */
@Injectable()
export class RunRecorder {
  private readonly logger = new Logger('Reconciliation');

  constructor(
    private readonly runs: RunLogService,
    private readonly runner: RunnerService,
    private readonly metrics: ReconciliationMetrics,
  ) {}

  /**
   * @param show is told of progress beside the record; the log then is not
   * @throws what the run throws, after it is written down
   */
  async record(run: Run, signal: AbortSignal, show?: (run: Run) => void): Promise<void> {
    const { id, isRequested } = await this.runs.begin(run.kind);
    this.metrics.runBegan(run.kind);
    let [recorded, logged] = [Date.now(), Date.now()];
    try {
      await this.runner.execute(run, signal, async () => {
        show?.(run);
        if (Date.now() - recorded >= RECORD_MS) {
          recorded = Date.now();
          await this.runs.progress(id, run.figures);
        }
        if (!show && run.kind !== 'resync' && Date.now() - logged >= LOG_MS) {
          logged = Date.now();
          this.logger.log(run.toString());
        }
      });
    } catch (error) {
      run.note((error as Error).message);
      const outcome = signal.aborted ? 'interrupted' : 'failed';
      this.metrics.runEnded(run.kind, outcome);
      await this.endFailed(id, isRequested, outcome, run).catch(() => undefined); // the leader takes over what is left running
      throw error;
    }
    this.metrics.runEnded(run.kind, 'done');
    await this.runs.end(id, 'done', run.figures);
    this.logger[run.kind === 'resync' && run.differences === 0 ? 'debug' : 'log'](run.outcome());
  }

  /** A run that somebody requested waits for its next try; what it came to so far is shown meanwhile. */
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

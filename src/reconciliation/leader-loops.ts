import { Injectable, Logger } from '@nestjs/common';
import { CallbackFollower } from './callback-follower.js';
import { ReconciliationMetrics } from './metrics/reconciliation-metrics.js';
import { ReconciliationMonitor } from './metrics/reconciliation-monitor.js';
import { RunScheduler } from './runs/run-scheduler.js';

/** The loops that only the leader runs: it follows the callbacks, schedules runs and sets the metrics. */
@Injectable()
export class LeaderLoops {
  private readonly logger = new Logger('Reconciliation');
  /** The last problem of each loop that fails. */
  private readonly problems = new Map<string, string>();

  constructor(
    private readonly follower: CallbackFollower,
    private readonly scheduler: RunScheduler,
    private readonly monitor: ReconciliationMonitor,
    private readonly metrics: ReconciliationMetrics,
  ) {}

  /** Runs the loops until the signal is aborted: the service stops, or the lease is lost. */
  async run(signal: AbortSignal): Promise<void> {
    this.logger.log('Started leading reconciliation');
    this.metrics.setLeader(true);
    await Promise.all([
      this.follower.run(signal, (problem) => this.report('callbacks', problem)),
      this.scheduler.run(signal, (kind, problem) => this.report(kind, problem)),
      this.monitor.run(signal),
    ]).finally(() => {
      this.metrics.setLeader(false);
      this.logger.log('Stopped leading reconciliation');
    });
  }

  /** Logs a problem once, and once its end. */
  private report(loop: string, problem?: Error): void {
    if (problem && this.problems.get(loop) !== problem.message) {
      this.problems.set(loop, problem.message);
      this.logger.warn({ err: problem, loop }, 'Reconciliation fails and is retried');
    } else if (!problem && this.problems.delete(loop)) {
      this.logger.log({ loop }, 'Reconciliation works again');
    }
  }
}

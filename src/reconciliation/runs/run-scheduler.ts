import { Injectable } from '@nestjs/common';
import { Config } from '../../config/config.js';
import { pause } from '../../waiting/poll.js';
import type { RunKind } from '../run-log/reconciliation-run.entity.js';
import { RunLogService } from '../run-log/run-log.service.js';
import { RunRecorder } from './run-recorder.js';
import { RunnerService } from './runner.service.js';

/** Interval of the queries for requested runs, in ms. */
const POLL_MS = 1000;
/** Delay after the first failure of a backfill or full run, in ms. It doubles with each failure in a row. */
const RETRY_BASE_MS = 1000;
const RETRY_MAX_MS = 60_000;

/** The loops whose problems are reported. */
export type RunLoop = 'resync' | 'full run';

/**
 * Starts a resync each `RECONCILE_INTERVAL`, and beside it the runs over all groups: the first backfill, and requested ones. A
 * backfill may take hours; resyncs find changes meanwhile.
 */
@Injectable()
export class RunScheduler {
  constructor(
    private readonly config: Config,
    private readonly runs: RunLogService,
    private readonly runner: RunnerService,
    private readonly recorder: RunRecorder,
  ) {}

  /**
   * Schedules runs until the signal is aborted.
   * @param onProblem receives the error of a run that failed, and undefined after one that succeeded
   */
  async run(signal: AbortSignal, onProblem: (loop: RunLoop, problem?: Error) => void): Promise<void> {
    await this.takeOver(signal, (problem) => onProblem('full run', problem));
    await Promise.all([
      this.scheduleResyncs(signal, (problem) => onProblem('resync', problem)),
      this.scheduleFullRuns(signal, (problem) => onProblem('full run', problem)),
    ]);
  }

  /** Ends the runs that a former leader left running. */
  private async takeOver(signal: AbortSignal, onProblem: (problem: Error) => void): Promise<void> {
    while (!signal.aborted) {
      try {
        await this.runs.takeOverAbandoned();
        return;
      } catch (error) {
        onProblem(error as Error);
        await pause(POLL_MS, signal);
      }
    }
  }

  /** Starts the first resync at once, or after an interval where a backfill is due. */
  private async scheduleResyncs(signal: AbortSignal, onProblem: (problem?: Error) => void): Promise<void> {
    const hasBackfill = await this.runs.hasBackfill().catch(() => true);
    for (let next = hasBackfill ? 0 : Date.now() + this.config.RECONCILE_INTERVAL; !signal.aborted;) {
      await pause(Math.min(POLL_MS, Math.max(next - Date.now(), 0)), signal);
      if (Date.now() >= next && !signal.aborted) {
        next = Date.now() + this.config.RECONCILE_INTERVAL;
        await this.execute('resync', signal, onProblem);
      }
    }
  }

  private async scheduleFullRuns(signal: AbortSignal, onProblem: (problem?: Error) => void): Promise<void> {
    for (let failures = 0; !signal.aborted;) {
      const kind = await this.dueRun().catch((error: Error) => {
        onProblem(error);
        return undefined;
      });
      if (kind) {
        failures = (await this.execute(kind, signal, onProblem)) ? 0 : failures + 1;
      }
      await pause(failures === 0 ? POLL_MS : Math.min(RETRY_BASE_MS * 2 ** failures, RETRY_MAX_MS), signal);
    }
  }

  /** @returns whether the run succeeded */
  private async execute(
    kind: RunKind,
    signal: AbortSignal,
    onProblem: (problem?: Error) => void,
  ): Promise<boolean> {
    try {
      await this.recorder.record(this.runner.create(kind), signal);
      onProblem();
      return true;
    } catch (error) {
      if (!signal.aborted) {
        onProblem(error as Error);
      }
      return false;
    }
  }

  private async dueRun(): Promise<RunKind | undefined> {
    return (await this.runs.requested()) ?? ((await this.runs.hasBackfill()) ? undefined : 'backfill');
  }
}

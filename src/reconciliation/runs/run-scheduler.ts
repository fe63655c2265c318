import { setTimeout as sleep } from 'node:timers/promises';
import { Injectable } from '@nestjs/common';
import { Config } from '../../config/config.js';
import type { RunKind } from '../run-log/reconciliation-run.entity.js';
import { RunRecorder } from './run-recorder.js';
import { RunnerService } from './runner.service.js';
import { RunLogService } from '../run-log/run-log.service.js';

/** How often the record is asked for requested runs, in ms. */
const POLL_MS = 1000;
/** Delay after a run over all groups that failed, in ms; it doubles with each failure in a row. */
const RETRY_MS = 1000;
const LAST_RETRY_MS = 60_000;

/**
 * Has a resync done each `RECONCILE_INTERVAL` and, beside it, the runs over all groups: the first backfill, and what is requested. A
 * backfill may take hours, and resyncs find what changes meanwhile.
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
   * Goes on until the signal is aborted.
   * @param onProblem is told of which kind of run why it failed, or that the last one did not
   */
  async schedule(
    signal: AbortSignal,
    onProblem: (kind: 'resync' | 'full run', problem?: Error) => void,
  ): Promise<void> {
    await this.takeOver(signal, (problem) => onProblem('full run', problem));
    await Promise.all([
      this.resync(signal, (problem) => onProblem('resync', problem)),
      this.fullRuns(signal, (problem) => onProblem('full run', problem)),
    ]);
  }

  /** Only one process reconciles: what still counts as running was left by another one. */
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

  /** The first one at once, or an interval after the start of a mirror that is still to be filled. */
  private async resync(signal: AbortSignal, onProblem: (problem?: Error) => void): Promise<void> {
    const isFilled = await this.runs.hasBackfill().catch(() => true);
    for (let next = isFilled ? 0 : Date.now() + this.config.RECONCILE_INTERVAL; !signal.aborted;) {
      await pause(Math.min(POLL_MS, Math.max(next - Date.now(), 0)), signal);
      if (Date.now() >= next && !signal.aborted) {
        next = Date.now() + this.config.RECONCILE_INTERVAL;
        await this.record('resync', signal, onProblem);
      }
    }
  }

  private async fullRuns(signal: AbortSignal, onProblem: (problem?: Error) => void): Promise<void> {
    for (let failures = 0; !signal.aborted;) {
      const kind = await this.dueRun().catch((error: Error) => {
        onProblem(error);
        return undefined;
      });
      if (kind) {
        failures = (await this.record(kind, signal, onProblem)) ? 0 : failures + 1;
      }
      await pause(failures === 0 ? POLL_MS : Math.min(RETRY_MS * 2 ** failures, LAST_RETRY_MS), signal);
    }
  }

  /** @returns whether it came to its end */
  private async record(
    kind: RunKind,
    signal: AbortSignal,
    onProblem: (problem?: Error) => void,
  ): Promise<boolean> {
    try {
      await this.recorder.record(this.runner.prepare(kind), signal);
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

const pause = (ms: number, signal: AbortSignal): Promise<void> =>
  sleep(ms, undefined, { signal }).catch(() => undefined);

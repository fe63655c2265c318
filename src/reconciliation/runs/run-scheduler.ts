import { setTimeout as sleep } from 'node:timers/promises';
import { Injectable } from '@nestjs/common';
import { Config } from '../../config.js';
import type { RunKind } from './reconciliation-run.entity.js';
import { RunRecorder } from './run-recorder.js';
import { RunnerService } from './runner.service.js';
import { RunLogService } from './run-log.service.js';

/** How often it is looked whether somebody asked for a run, in ms. */
const POLL_MS = 1000;

/** Has one run done after the other: those that are asked for, and one each `RECONCILE_INTERVAL`, the first a backfill. */
@Injectable()
export class RunScheduler {
  constructor(
    private readonly config: Config,
    private readonly runs: RunLogService,
    private readonly runner: RunnerService,
    private readonly recorder: RunRecorder,
  ) {}

  /**
   * Goes on until the signal says no more.
   * @param onProblem is told why a run failed, or that the last one did not
   */
  async schedule(signal: AbortSignal, onProblem: (problem?: Error) => void): Promise<void> {
    for (let next = 0; !signal.aborted;) {
      try {
        const kind = await this.dueRun(Date.now() >= next);
        if (kind) {
          next = Date.now() + this.config.RECONCILE_INTERVAL;
          await this.recorder.record(this.runner.prepare(kind), signal);
          onProblem();
        }
      } catch (error) {
        if (!signal.aborted) {
          onProblem(error as Error);
        }
      }
      await sleep(POLL_MS, undefined, { signal }).catch(() => undefined);
    }
  }

  private async dueRun(isTime: boolean): Promise<RunKind | undefined> {
    const requested = await this.runs.requested();
    return requested ?? (isTime ? ((await this.runs.hasBackfill()) ? 'sweep' : 'backfill') : undefined);
  }
}

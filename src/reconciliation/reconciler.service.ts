import { setTimeout as sleep } from 'node:timers/promises';
import { Injectable, Logger, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { DataSource } from 'typeorm';
import { Config } from '../config.js';
import { OpenImClient } from '../openim/openim.client.js';
import { CallbackFollower } from './callback-follower.js';
import { lead } from './leadership.js';
import type { RunKind } from './reconciliation-run.entity.js';
import { RunService } from './run.service.js';
import { RunRecorder } from './run-recorder.js';
import { RunsService } from './runs.service.js';

/** How often it is looked whether somebody asked for a run, in ms. */
const POLL_MS = 1000;

/** Keeps the mirror equal to OpenIM, in one of the replicas at a time: follows the callbacks, and sweeps. */
@Injectable()
export class ReconcilerService implements OnApplicationBootstrap, OnApplicationShutdown {
  private readonly logger = new Logger('Reconciliation');
  private readonly end = new AbortController();
  private running: Promise<void> = Promise.resolve();
  private readonly problems = new Map<string, string>();

  constructor(
    @InjectDataSource() private readonly dataSource: DataSource,
    private readonly config: Config,
    private readonly openIm: OpenImClient,
    private readonly follower: CallbackFollower,
    private readonly recorder: RunRecorder,
    private readonly runs: RunsService,
    private readonly runService: RunService,
  ) {}

  onApplicationBootstrap(): void {
    if (!this.openIm.isConfigured) {
      this.logger.warn(
        'OPENIM_API_URL is not set: the mirror lives on callbacks alone, and what they do not tell stays unknown',
      );
      return;
    }
    this.running = this.run();
  }

  async onApplicationShutdown(): Promise<void> {
    this.end.abort(new Error('the service stops'));
    this.openIm.close();
    await this.running;
  }

  private async run(): Promise<void> {
    while (!this.dataSource.isInitialized && !this.end.signal.aborted) {
      await sleep(POLL_MS / 4, undefined, { signal: this.end.signal }).catch(() => undefined);
    }
    const { url } = this.dataSource.options as { url: string };
    await lead(url, this.end.signal, async (signal) => {
      this.logger.log(`This process reconciles with ${this.config.OPENIM_API_URL}`);
      await Promise.all([
        this.follower.follow(signal, (problem) => this.tell('A look at groups failed', problem)),
        this.sweep(signal),
      ]);
    });
  }

  /** One run after the other: the ones that are asked for, and one each RECONCILE_INTERVAL. */
  private async sweep(signal: AbortSignal): Promise<void> {
    for (let next = 0; !signal.aborted;) {
      try {
        const kind = await this.dueRun(Date.now() >= next);
        if (kind) {
          next = Date.now() + this.config.RECONCILE_INTERVAL;
          await this.recorder.record(this.runService.prepare(kind), signal);
        }
        this.tell('A run failed');
      } catch (error) {
        if (!signal.aborted) {
          this.tell('A run failed', error as Error);
        }
      }
      await sleep(Math.min(POLL_MS, this.config.RECONCILE_INTERVAL), undefined, { signal }).catch(
        () => undefined,
      );
    }
  }

  private async dueRun(isTime: boolean): Promise<RunKind | undefined> {
    const requested = await this.runs.requested();
    return requested ?? (isTime ? ((await this.runs.hasBackfill()) ? 'sweep' : 'backfill') : undefined);
  }

  /** Says once what is wrong, and once that it is over. */
  private tell(what: string, problem?: Error): void {
    if (problem && this.problems.get(what) !== problem.message) {
      this.problems.set(what, problem.message);
      this.logger.warn(`${what}, and is tried again: ${problem.message}`);
    } else if (!problem && this.problems.delete(what)) {
      this.logger.log(`${what}: not any more`);
    }
  }
}

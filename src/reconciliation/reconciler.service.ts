import { setTimeout as sleep } from 'node:timers/promises';
import {
  Injectable,
  Logger,
  type BeforeApplicationShutdown,
  type OnApplicationBootstrap,
  type OnApplicationShutdown,
} from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { DataSource } from 'typeorm';
import { OpenImClient } from '../openim/openim.client.js';
import { LeaderLease } from '../postgres/leader-lease.js';
import { CallbackFollower } from './callback-follower.js';
import { RECONCILIATION } from './reconciliation-lease.js';
import { ReconciliationMetrics } from './metrics/reconciliation-metrics.js';
import { ReconciliationWatch } from './metrics/reconciliation-monitor.js';
import { RunScheduler } from './runs/run-scheduler.js';

/** How often it is looked whether the database is in use yet, in ms. */
const POLL_MS = 250;

/** Keeps the mirror equal to OpenIM, in one of the replicas at a time: follows the callbacks, and has the runs done. */
@Injectable()
export class ReconcilerService
  implements OnApplicationBootstrap, BeforeApplicationShutdown, OnApplicationShutdown
{
  private readonly logger = new Logger('Reconciliation');
  private readonly end = new AbortController();
  private running: Promise<void> = Promise.resolve();
  private readonly problems = new Map<string, string>();

  constructor(
    @InjectDataSource() private readonly dataSource: DataSource,
    private readonly openIm: OpenImClient,
    private readonly follower: CallbackFollower,
    private readonly scheduler: RunScheduler,
    private readonly watch: ReconciliationWatch,
    private readonly metrics: ReconciliationMetrics,
  ) {}

  onApplicationBootstrap(): void {
    if (this.openIm.isConfigured) {
      this.running = this.run();
    } else {
      this.logger.warn(
        'OPENIM_API_URL is not set: the mirror lives on callbacks alone, and what they do not tell stays unknown',
      );
    }
  }

  /** Before the requests under way are waited for: one may wait for OpenIM. */
  beforeApplicationShutdown(): void {
    this.end.abort(new Error('the service stops'));
    this.openIm.close();
  }

  async onApplicationShutdown(): Promise<void> {
    await this.running;
  }

  private async run(): Promise<void> {
    while (!this.dataSource.isInitialized && !this.end.signal.aborted) {
      await sleep(POLL_MS, undefined, { signal: this.end.signal }).catch(() => undefined);
    }
    await new LeaderLease(this.dataSource, RECONCILIATION).runWhenLeader(this.end.signal, async (signal) => {
      this.logger.log('This process reconciles with OpenIM');
      this.metrics.setLeader(true);
      await Promise.all([
        this.follower.follow(signal, (problem) =>
          this.tell('Reconciling groups named by callbacks failed', problem),
        ),
        this.scheduler.schedule(signal, (kind, problem) => this.tell(`A ${kind} failed`, problem)),
        this.watch.watch(signal),
      ]).finally(() => {
        this.metrics.setLeader(false);
        this.logger.log('This process reconciles no more');
      });
    });
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

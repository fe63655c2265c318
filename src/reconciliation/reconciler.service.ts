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
import { LeaderLoops } from './leader-loops.js';
import { RECONCILIATION_LEASE } from './reconciliation-lease.js';

/** Starts and stops reconciliation with the service, and elects the one replica that does it. */
@Injectable()
export class ReconcilerService
  implements OnApplicationBootstrap, BeforeApplicationShutdown, OnApplicationShutdown
{
  private readonly logger = new Logger('Reconciliation');
  private readonly end = new AbortController();
  private running: Promise<void> = Promise.resolve();

  constructor(
    @InjectDataSource() private readonly dataSource: DataSource,
    private readonly openIm: OpenImClient,
    private readonly loops: LeaderLoops,
  ) {}

  onApplicationBootstrap(): void {
    if (this.openIm.isConfigured) {
      this.running = this.run();
    } else {
      this.logger.warn(
        'OPENIM_API_URL is not set: callbacks are the only source of the mirror, and lost ones are not noticed',
      );
    }
  }

  /** Ends reconciliation before Nest waits for the requests in progress: one of them may wait for OpenIM. */
  beforeApplicationShutdown(): void {
    this.end.abort(new Error('the service stops'));
    this.openIm.close();
  }

  async onApplicationShutdown(): Promise<void> {
    await this.running;
  }

  private async run(): Promise<void> {
    const { signal } = this.end;
    const lease = new LeaderLease(this.dataSource, RECONCILIATION_LEASE);
    await lease.runWhenLeader(signal, (whileLeader) => this.loops.run(whileLeader));
  }
}

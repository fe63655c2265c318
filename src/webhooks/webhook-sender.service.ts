import {
  Injectable,
  type BeforeApplicationShutdown,
  type OnApplicationBootstrap,
  type OnApplicationShutdown,
} from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { DataSource } from 'typeorm';
import { Config } from '../config/config.js';
import { LeaderLease } from '../postgres/leader-lease.js';
import { endpointsOf } from './endpoint.js';
import { EndpointSender } from './endpoint-sender.js';
import { SenderTools } from './sender-tools.js';

/** Name of the lease of the replica that sends. A former holder can move no cursor (`generation`). */
const LEASE = 'webhooks';

/** Sends every change to the endpoints of the settings, from one replica at a time. */
@Injectable()
export class WebhookSenderService
  implements OnApplicationBootstrap, BeforeApplicationShutdown, OnApplicationShutdown
{
  private readonly end = new AbortController();
  private readonly senders: EndpointSender[];
  private running: Promise<void> = Promise.resolve();

  constructor(
    @InjectDataSource() private readonly dataSource: DataSource,
    config: Config,
    tools: SenderTools,
  ) {
    this.senders = endpointsOf(config).map((endpoint) => new EndpointSender(endpoint, tools));
  }

  onApplicationBootstrap(): void {
    if (this.senders.length > 0) {
      this.running = this.run();
    }
  }

  beforeApplicationShutdown(): void {
    this.end.abort(new Error('the service stops'));
  }

  async onApplicationShutdown(): Promise<void> {
    await this.running;
  }

  private async run(): Promise<void> {
    const { signal } = this.end;
    await new LeaderLease(this.dataSource, LEASE).runWhenLeader(signal, async (whileLeader) => {
      await Promise.all(this.senders.map((sender) => sender.run(whileLeader)));
    });
  }
}

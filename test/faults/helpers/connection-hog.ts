import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from 'pg';

const RETRY_MS = 20;

/** A client of PostgreSQL that takes every connection, and each connection that becomes free. */
export class ConnectionHog {
  private readonly clients: Client[] = [];
  private stopping = false;
  private readonly taking: Promise<void>;
  private full = false;

  constructor(private readonly url: string) {
    this.taking = this.take();
  }

  /** Whether the last attempt found no connection free. */
  get hasAll(): boolean {
    return this.full;
  }

  /** Releases all connections. */
  async end(): Promise<void> {
    this.stopping = true;
    await this.taking;
    await Promise.all(this.clients.map((client) => client.end()));
  }

  private async take(): Promise<void> {
    while (!this.stopping) {
      const client = new Client({ connectionString: this.url });
      client.on('error', () => undefined);
      try {
        await client.connect();
        this.clients.push(client);
      } catch {
        this.full = true;
        await client.end().catch(() => undefined);
        await sleep(RETRY_MS);
      }
    }
  }
}

import { randomBytes } from 'node:crypto';
import { Client, type QueryResultRow } from 'pg';

/** Returns the url of a database without PgBouncer, for settings that a pooler does not pass on. */
export function directUrl(url: string): string {
  const direct = new URL(url);
  direct.port = new URL(process.env['TEST_POSTGRES']!).port;
  return direct.href;
}

/** A database for one test. */
export class TestDatabase {
  private last: Promise<unknown> = Promise.resolve();

  private constructor(
    /** Url for the service: through PgBouncer if TEST_PGBOUNCER is set. */
    readonly url: string,
    private readonly client: Client,
  ) {}

  /** @param template `migrated`, or `template0` for an empty database */
  static async create(template: 'migrated' | 'template0' = 'migrated'): Promise<TestDatabase> {
    const server = process.env['TEST_POSTGRES']!;
    const name = `test_${randomBytes(6).toString('hex')}`;
    const admin = new Client({ connectionString: server });
    await admin.connect();
    // CREATE DATABASE fails while another session copies the same template.
    await admin.query('SELECT pg_advisory_lock(1)');
    await admin.query(`CREATE DATABASE ${name} TEMPLATE ${template}`);
    await admin.end();
    const url = server.replace(/[^/]+$/, name);
    const pooled = new URL(url);
    pooled.port = process.env['TEST_POOLER_PORT'] ?? pooled.port;
    const client = new Client({ connectionString: url });
    client.on('error', () => undefined); // `drop` ends the connection
    await client.connect();
    return new TestDatabase(pooled.href, client);
  }

  /** Runs a statement after the earlier ones, all on one connection, so that a test can keep a transaction open. */
  async query<Row extends QueryResultRow>(sql: string, parameters: unknown[] = []): Promise<Row[]> {
    const result = this.last.then(() => this.client.query<Row>(sql, parameters));
    this.last = result.catch(() => undefined);
    return (await result).rows;
  }

  async drop(): Promise<void> {
    await this.client.end();
    const admin = new Client({ connectionString: process.env['TEST_POSTGRES']! });
    await admin.connect();
    await admin.query(`DROP DATABASE ${new URL(this.url).pathname.slice(1)} WITH (FORCE)`);
    await admin.end();
  }
}

import { Client, type QueryResultRow } from 'pg';
import { dataSourceOptions } from '../src/data-source-options.js';
import { EmbeddedPostgres } from '../src/embedded-postgres/embedded-postgres.js';
import { migrate } from '../src/database/migrate.js';
import { Resources } from './resources.js';

/** The PostgreSQL of a run, with its default settings: every commit waits for the disk. */
export class BenchPostgres {
  private constructor(private readonly server: string) {}

  /** @param folder the data folder */
  static async start(resources: Resources, folder: string): Promise<BenchPostgres> {
    const starting = EmbeddedPostgres.start(folder, {
      onRestart: (_fields, message) => process.stderr.write(`${message}\n`),
    });
    resources.add(async () => {
      await (await starting.catch(() => undefined))?.stop();
    });
    const postgres = new BenchPostgres((await starting).url);
    await postgres.create('migrated', 'template0');
    await migrate(dataSourceOptions(postgres.url('migrated')));
    return postgres;
  }

  /** Creates a database. The end of the part of the run drops it. */
  async database(resources: Resources, name: string, template = 'migrated'): Promise<string> {
    await this.create(name, template);
    resources.add(() => this.query('postgres', `DROP DATABASE ${name} WITH (FORCE)`));
    return this.url(name);
  }

  /** Opens a connection. The end of the part of the run closes it. */
  async client(resources: Resources, database: string): Promise<Client> {
    const client = new Client({ connectionString: this.url(database) });
    client.on('error', () => undefined); // the pending query rejects with the same error
    await client.connect();
    resources.add(() => client.end());
    return client;
  }

  /** Runs one statement on a new connection. */
  async query<Row extends QueryResultRow>(
    database: string,
    sql: string,
    parameters: unknown[] = [],
  ): Promise<Row[]> {
    return new Resources().within(async (own) => {
      const client = await this.client(own, database);
      return (await client.query<Row>(sql, parameters)).rows;
    });
  }

  /** Writes the dirty pages of earlier parts, so that the next measurement does not include them. */
  async checkpoint(): Promise<void> {
    await this.query('postgres', 'CHECKPOINT');
  }

  private async create(name: string, template: string): Promise<void> {
    await this.query('postgres', `CREATE DATABASE ${name} TEMPLATE ${template}`);
  }

  private url(database: string): string {
    return this.server.replace(/[^/]+$/, database);
  }
}

import { Client, type QueryResultRow } from 'pg';
import { dataSourceOptions } from '../src/data-source-options.js';
import { EmbeddedPostgres } from '../src/embedded-postgres/embedded-postgres.js';
import { migrate } from '../src/database/migrate.js';
import { Resources } from './resources.js';

/** The PostgreSQL of a run, as it comes: with the settings of its own, so that every commit waits for the disk. */
export class BenchPostgres {
  private constructor(private readonly server: string) {}

  /** @param folder where its data goes */
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

  /** Makes a database of one use, dropped with the part that needs it. */
  async database(resources: Resources, name: string, template = 'migrated'): Promise<string> {
    await this.create(name, template);
    resources.add(() => this.query('postgres', `DROP DATABASE ${name} WITH (FORCE)`));
    return this.url(name);
  }

  /** A connection that ends with the part that needs it. */
  async client(resources: Resources, database: string): Promise<Client> {
    const client = new Client({ connectionString: this.url(database) });
    client.on('error', () => undefined); // what waits for it fails with the same
    await client.connect();
    resources.add(() => client.end());
    return client;
  }

  /** Runs one statement on a connection of its own. */
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

  /** Writes what earlier parts left to write, so that it is not measured with what comes next. */
  async settle(): Promise<void> {
    await this.query('postgres', 'CHECKPOINT');
  }

  private async create(name: string, template: string): Promise<void> {
    await this.query('postgres', `CREATE DATABASE ${name} TEMPLATE ${template}`);
  }

  private url(database: string): string {
    return this.server.replace(/[^/]+$/, database);
  }
}

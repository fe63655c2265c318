import { DataSource } from 'typeorm';
import type { Config } from './config/config.js';
import { readConfig } from './config/read-config.js';
import { dataSourceOptions } from './data-source-options.js';
import { EmbeddedPostgres } from './embedded-postgres/embedded-postgres.js';

/** Placeholder for the url of the embedded PostgreSQL, until `initialize` starts it. */
const NOT_STARTED = 'postgres://127.0.0.1/not-started';

/** A data source that runs the embedded PostgreSQL from `initialize` to `destroy` if DATABASE_URL is not set. */
class CliDataSource extends DataSource {
  private embedded?: EmbeddedPostgres;

  constructor(private readonly config: Config) {
    super(dataSourceOptions(config.DATABASE_URL ?? NOT_STARTED, config.DATABASE_SCHEMA));
  }

  override async initialize(): Promise<this> {
    if (this.config.DATABASE_URL === undefined) {
      this.embedded = await EmbeddedPostgres.start(this.config.DATA_DIR);
      this.setOptions(dataSourceOptions(this.embedded.url, this.config.DATABASE_SCHEMA));
    }
    return super.initialize();
  }

  override async destroy(): Promise<void> {
    await super.destroy();
    await this.embedded?.stop();
  }
}

/** The service's database for TypeORM's CLI: `npm run migration:run`, `migration:revert`, `migration:generate`. */
export default new CliDataSource(readConfig());

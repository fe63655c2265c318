import { DataSource } from 'typeorm';
import { readConfig } from './config/config.js';
import { dataSourceOptions } from './data-source-options.js';
import { EmbeddedPostgres } from './embedded-postgres/embedded-postgres.js';

const config = readConfig();
const embedded = config.DATABASE_URL ? undefined : await EmbeddedPostgres.start(config.DATA_DIR);

/** Takes the embedded PostgreSQL, where that is the database, down with it. */
class CliDataSource extends DataSource {
  override async destroy(): Promise<void> {
    await super.destroy();
    await embedded?.stop();
  }
}

/**
 * For TypeORM's CLI (`npm run migration:run`, `migration:revert`, `migration:generate`): the database of the service's own
 * settings.
 */
export default new CliDataSource(
  dataSourceOptions(config.DATABASE_URL ?? embedded!.url, config.DATABASE_SCHEMA),
);

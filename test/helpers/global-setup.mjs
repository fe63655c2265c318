import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Logger } from '@nestjs/common';
import { Client } from 'pg';
import { DataSource } from 'typeorm';
import { dataSourceOptions } from '../../dist/src/data-source-options.js';
import { EmbeddedPostgres } from '../../dist/src/embedded-postgres/embedded-postgres.js';
import { migrate } from '../../dist/src/database/migrate.js';
import { createPartitions } from '../../dist/src/partitions/daily-partitions.js';
import { PgBouncer } from './pgbouncer.mjs';

/** Starts one PostgreSQL for all tests and migrates the template that each of their databases is copied from. */
export default async function globalSetup() {
  const dataDir = await mkdtemp(join(tmpdir(), 'openim-group-sync-test-'));
  const settings = {
    fsync: 'off',
    synchronous_commit: 'off',
    full_page_writes: 'off',
    max_connections: '300',
  };
  const postgres = await EmbeddedPostgres.start(dataDir, { settings });
  const client = new Client({ connectionString: postgres.url });
  await client.connect();
  await client.query('CREATE DATABASE migrated');
  await client.end();
  Logger.overrideLogger(false);
  const template = dataSourceOptions(postgres.url.replace(/[^/]+$/, 'migrated'));
  await migrate(template);
  const dataSource = await new DataSource(template).initialize();
  await createPartitions(dataSource);
  await dataSource.destroy();
  process.env.TEST_POSTGRES = postgres.url;
  globalThis.testPostgres = { postgres, dataDir };
  if (process.env.TEST_PGBOUNCER) {
    if (!PgBouncer.isInstalled) {
      throw new Error('TEST_PGBOUNCER is set, and PgBouncer is not installed');
    }
    const pooler = await PgBouncer.start(postgres.url, {
      pool_mode: 'session',
      max_client_conn: '1000',
      default_pool_size: '300',
    });
    process.env.TEST_POOLER_PORT = new URL(pooler.url).port;
    globalThis.testPooler = pooler;
  }
}

import { once } from 'node:events';
import { existsSync, readdirSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { DataSource } from 'typeorm';
import { dataSourceOptions } from '../src/data-source-options.js';
import { TestDatabase } from './helpers/database.js';
import { eventually, ServiceProcess } from './helpers/process.js';
import { Proxy } from './helpers/proxy.js';
import { CREATE, Service, SUCCESS } from './helpers/service.js';

const group = (groupID: string) => ({ callbackCommand: CREATE, groupID, ownerUserID: 'o' });

describe('The migrations', () => {
  let database: TestDatabase;
  let dataSource: DataSource;

  beforeEach(async () => {
    database = await TestDatabase.create('template0');
    dataSource = await new DataSource(dataSourceOptions(database.url)).initialize();
  });

  afterEach(async () => {
    await dataSource.destroy();
    await database.drop();
  });

  const schema = () =>
    database.query(`
      SELECT table_name AS name, column_name AS part, data_type AS definition FROM information_schema.columns WHERE table_schema = 'public'
      UNION ALL SELECT conname, contype::text, pg_get_constraintdef(oid) FROM pg_constraint WHERE connamespace = 'public'::regnamespace AND contype <> 'n'
      UNION ALL SELECT tablename, indexname, indexdef FROM pg_indexes WHERE schemaname = 'public'
      ORDER BY 1, 2`);

  it('create the schema that the entities describe', async () => {
    await dataSource.runMigrations();

    const { upQueries } = await dataSource.driver.createSchemaBuilder().log();
    expect(upQueries.map(({ query }) => query)).toEqual([]);
  });

  it('are listed in the data source, one for each file', async () => {
    const applied = await dataSource.runMigrations();

    const files = readdirSync(join(import.meta.dirname, '../migrations')).map((file) =>
      file.replace(/^(\d+)-(\w+)\.ts$/, '$2$1'),
    );
    expect(applied.map(({ name }) => name).toSorted()).toEqual(files.toSorted());
  });

  it('give every key and index an explicit name', async () => {
    await dataSource.runMigrations();

    const names = await database.query<{ name: string }>(
      "SELECT indexname AS name FROM pg_indexes WHERE schemaname = 'public' AND tablename NOT LIKE '%migrations' ORDER BY 1",
    );
    expect(names.filter(({ name }) => !/^[a-z_]+_(idx|pkey)$/.test(name))).toEqual([]);
    expect(names).not.toEqual([]);
  });

  it('give every table and column a comment', async () => {
    await dataSource.runMigrations();

    const undescribed = await database.query(`
      SELECT c.relname, a.attname FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum >= 0 AND NOT a.attisdropped
      WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition AND c.relnamespace = 'public'::regnamespace AND c.relname <> 'openim_group_sync_migrations'
        AND (col_description(c.oid, a.attnum) IS NULL OR obj_description(c.oid, 'pg_class') IS NULL)`);
    expect(undescribed).toEqual([]);
  });

  it('keep what each callback writes out of the indexes of the groups, so that PostgreSQL updates them in place (HOT)', async () => {
    await dataSource.runMigrations();

    const columns = await database.query<{ attname: string }>(`
      SELECT DISTINCT attname FROM pg_index JOIN pg_depend ON objid = indexrelid AND classid = 'pg_class'::regclass
      JOIN pg_attribute ON attrelid = refobjid AND attnum = refobjsubid
      WHERE indrelid = 'groups'::regclass AND refobjid = indrelid ORDER BY attname`);
    expect(columns.map(({ attname }) => attname)).toEqual([
      'create_time',
      'creator_user_id',
      'full_snapshot_at',
      'group_id',
      'group_name',
      'group_type',
      'members_removed_at',
      'owner_user_id',
      'stale_since',
      'status',
      'verified_at',
    ]);
  });

  it("do not start a database when TypeORM's data source is imported", async () => {
    const dataDir = join(tmpdir(), `openim-group-sync-import-${process.pid}`);
    process.env['DATA_DIR'] = dataDir;
    const { default: cli } = await import('../src/data-source.js');
    delete process.env['DATA_DIR'];

    expect(cli.isInitialized).toBe(false);
    expect(existsSync(dataDir)).toBe(false);
  });

  it('can be applied, reverted to an empty schema, and applied again', async () => {
    const migrations = await dataSource.runMigrations();
    const up = await schema();

    for (const _ of migrations) {
      await dataSource.undoLastMigration();
    }
    const tables = await database.query("SELECT tablename FROM pg_tables WHERE schemaname = 'public'");
    expect(tables).toEqual([{ tablename: 'openim_group_sync_migrations' }]);

    await dataSource.runMigrations();
    expect(await schema()).toEqual(up);
  });

  it('are applied once by four replicas that start together', async () => {
    const replicas = [1, 2, 3, 4].map(() => ServiceProcess.start({ DATABASE_URL: database.url }));
    await Promise.all(replicas.map((replica) => replica.says(/The database is ready/)));
    await Promise.all(replicas.map((replica, index) => replica.post({ groupID: `g${index}` })));

    expect(replicas.flatMap((replica) => replica.log.match(/Migration applied/g) ?? [])).toHaveLength(
      dataSource.migrations.length,
    );
    expect(await database.query('SELECT FROM groups')).toHaveLength(4);
    expect(await Promise.all(replicas.map((replica) => replica.end()))).toEqual([0, 0, 0, 0]);
  });

  it('end the process where one fails, and leave the database unchanged', async () => {
    await database.query('CREATE TABLE group_members (mine integer)');

    const service = ServiceProcess.start({ DATABASE_URL: database.url });

    expect((await service.exited)[0]).toBe(1);
    expect(service.log).toContain('"reason":"relation \\"group_members\\" already exists"');
    expect(service.log).toContain('"msg":"The service cannot run"');
    expect(await database.query("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")).toEqual([
      { tablename: 'group_members' },
    ]);
  });

  it('do not delay the end of a replica that waits for another one', async () => {
    await database.query('SELECT pg_advisory_lock($1)', [0x0913_0002]);
    const service = ServiceProcess.start({ DATABASE_URL: database.url });
    await service.url();
    await sleep(500);

    const start = Date.now();
    expect(await service.end()).toBe(0);
    expect(Date.now() - start).toBeLessThan(6000);
  });

  it('are applied by another replica where the first one is frozen', async () => {
    await database.query('BEGIN');
    await database.query('CREATE TABLE groups (theirs integer)');
    const frozen = ServiceProcess.start({ DATABASE_URL: database.url });
    const isWaiting = `SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE '%CREATE TABLE groups%'`;
    await eventually(async () => {
      await database.query('SELECT pg_stat_clear_snapshot()');
      return (await database.query(isWaiting)).length === 1;
    });
    frozen.child.kill('SIGSTOP');
    await database.query('ROLLBACK');

    const other = ServiceProcess.start({ DATABASE_URL: database.url });
    await other.says(/The database is ready/);
    frozen.child.kill('SIGCONT');
    await frozen.says(/The database is ready/);
    expect(await other.end()).toBe(0);
    expect(await frozen.end()).toBe(0);
  });

  it('are waited for where RUN_MIGRATIONS is false', async () => {
    const service = ServiceProcess.start({ DATABASE_URL: database.url, RUN_MIGRATIONS: 'false' });
    await service.says(
      /"reason":"the database has no tables of this service: .* apply the migrations: start the service without RUN_MIGRATIONS=false, or run npm run migration:run"/,
    );
    expect((await service.get('/health/ready')).status).toBe(503);

    await dataSource.runMigrations();

    await service.says(/The database is ready/);
    expect(await service.post({ groupID: 'g' })).toEqual({ status: 200, body: SUCCESS });
    await service.end();
  });
});

describe('A database that cannot be reached at the start', () => {
  it('is waited for, while the service is live and not ready and answers 503 in time', async () => {
    const database = await TestDatabase.create('template0');
    const proxy = new Proxy(new URL(database.url));
    await proxy.listen();
    await proxy.close();
    const service = ServiceProcess.start({ DATABASE_URL: proxy.url });
    await service.says(/ECONNREFUSED.*Waiting for the database/);

    expect((await service.get('/health/live')).status).toBe(200);
    const ready = await service.get('/health/ready');
    expect(ready).toMatchObject({
      status: 503,
      body: { status: 'error', error: { database: { message: 'cannot be reached' } } },
    });
    const start = Date.now();
    expect(await service.post({ groupID: 'g' })).toEqual({
      status: 503,
      body: {
        actionCode: 1,
        errCode: 503,
        errMsg: 'Service Unavailable',
        errDlt: 'The database cannot be reached',
        nextCode: 0,
      },
    });
    expect(Date.now() - start).toBeLessThan(4000);
    expect(await service.get('/admin/groups')).toMatchObject({ status: 503, body: { statusCode: 503 } });

    await proxy.listen();
    await eventually(async () => expect((await service.get('/health/ready')).status).toBe(200));
    expect((await service.post({ groupID: 'g' })).status).toBe(200);

    expect(await service.end()).toBe(0);
    await proxy.close();
    await database.drop();
  });

  it('does not delay the end of the process', async () => {
    const silent = createServer(() => undefined).listen(0, '127.0.0.1');
    await once(silent, 'listening');
    const { port } = silent.address() as { port: number };
    const service = ServiceProcess.start({
      DATABASE_URL: `postgres://u:secret-password@127.0.0.1:${port}/x`,
    });
    expect((await service.post({ groupID: 'g' })).status).toBe(503);

    const start = Date.now();
    expect(await service.end()).toBe(0);
    expect(Date.now() - start).toBeLessThan(10_000);
    expect(service.log).not.toContain('secret-password');
    silent.close();
  });
});

describe('A database that fails after the start', () => {
  let service: Service;
  let proxy: Proxy;

  beforeEach(async () => {
    service = await Service.start({ DATABASE_POOL_SIZE: '2' }, async (url) => {
      proxy = new Proxy(new URL(url));
      await proxy.listen();
      return proxy.url;
    });
    await eventually(async () => expect((await service.post(CREATE, group('before'))).status).toBe(200));
  });

  afterEach(async () => {
    await proxy.close().catch(() => undefined);
    await service.stop();
  });

  it('leads to an answer within 4 s and to no acknowledgement of callbacks while it hangs', async () => {
    proxy.hang();

    const start = Date.now();
    const answers = await Promise.all([1, 2, 3, 4, 5].map((n) => service.post(CREATE, group(`g${n}`))));

    expect(Date.now() - start).toBeLessThan(4000);
    expect(answers.map(({ status, body }) => [status, body.errCode, body.actionCode])).toEqual(
      Array.from({ length: 5 }, () => [503, 503, 1]),
    );
    expect(service.log.at(-1)).toMatchObject({
      level: 'error',
      outcome: 'failed',
      command: CREATE,
      operationID: '7b1c0d9e44',
    });
    expect((await service.fetch('/health/ready')).status).toBe(503);
    expect((await service.rows()).groups).toHaveLength(1);
  });

  it('is written to again when it can be reached again', async () => {
    await proxy.close();
    expect((await service.post(CREATE, group('lost'))).status).toBe(503);

    await proxy.listen();

    expect((await service.post(CREATE, group('after'))).body).toEqual(SUCCESS);
    expect((await service.rows()).groups.map(({ group_id: id }) => id)).toEqual(['after', 'before']);
  });

  it('leads to status 500 where it rejects a write, and only the log contains the reason', async () => {
    await service.database.query(
      'ALTER TABLE groups ADD CONSTRAINT nobody_knows CHECK (group_id <> $$bad$$)',
    );

    const { status, body } = await service.post(CREATE, group('bad'));

    expect([status, body]).toEqual([
      500,
      {
        actionCode: 1,
        errCode: 500,
        errMsg: 'Internal Server Error',
        errDlt: expect.any(String),
        nextCode: 0,
      },
    ]);
    expect(JSON.stringify(body)).not.toContain('nobody_knows');
    expect(service.log.at(-1)).toMatchObject({
      level: 'error',
      outcome: 'failed',
      groupID: 'bad',
      err: { code: '23514', constraint: 'nobody_knows' },
    });
    expect(await service.database.query('SELECT FROM group_members')).toEqual([]);
  });
});

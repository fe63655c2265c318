import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from 'pg';
import { DataSource } from 'typeorm';
import { canMakeCertificates, makeCertificate } from './helpers/certificate.js';
import { PostgresServer } from './faults/helpers/postgres-server.js';
import { directUrl, TestDatabase } from './helpers/database.js';
import { PgBouncer } from './helpers/pgbouncer.mjs';
import { eventually, ServiceProcess } from './helpers/process.js';
import { CREATE, Service, SUCCESS } from './helpers/service.js';

const KICK = 'callbackAfterKickGroupCommand';

const group = (groupID: string) => ({
  callbackCommand: CREATE,
  groupID,
  ownerUserID: 'o',
  memberCount: 4,
  initMemberList: ['a', 'b', 'c', 'o'].map((userID) => ({ userID, roleLevel: 20 })),
});
const kick = (groupID: string) => ({ callbackCommand: KICK, groupID, kickedUserIDs: ['a'] });

/** Sends three equal kicks at the same time, for many groups: without REPEATABLE READ each of them is counted. */
async function kickAtOnce(service: Service, groups: number): Promise<unknown[]> {
  const groupIDs = Array.from({ length: groups }, (_, n) => `g${n}`);
  await Promise.all(groupIDs.map((groupID) => service.post(CREATE, group(groupID))));
  await Promise.all(
    [...groupIDs, ...groupIDs, ...groupIDs].map((groupID) => service.post(KICK, kick(groupID))),
  );
  return service.database.query('SELECT DISTINCT member_count FROM groups');
}

const settingsOf = async (service: Service): Promise<Record<string, string>> => {
  const rows = await service.app
    .get(DataSource)
    .query<{ name: string; setting: string }[]>('SELECT name, setting FROM pg_settings');
  return Object.fromEntries(rows.map(({ name, setting }) => [name, setting]));
};

/** The settings on which correctness and the parsing of values depend. */
const SESSION = {
  default_transaction_isolation: 'repeatable read',
  transaction_isolation: 'repeatable read',
  search_path: 'public',
  DateStyle: 'ISO, YMD',
  TimeZone: 'UTC',
  IntervalStyle: 'postgres',
  bytea_output: 'hex',
  statement_timeout: '30000',
  lock_timeout: '3000',
  idle_in_transaction_session_timeout: '10000',
  synchronous_commit: 'on',
};

const withOptions = (options: string) => async (url: string) =>
  `${directUrl(url)}?options=${encodeURIComponent(options)}`;

describe('A session of PostgreSQL', () => {
  it.each([
    ['the search path', '-c search_path=public'],
    ['the time zone', '-c TimeZone=Asia/Shanghai'],
    ['the date style', '-c DateStyle=German'],
    ['the isolation', '-c default_transaction_isolation=read\\ committed'],
    ['time limits', '-c statement_timeout=2000 -c lock_timeout=1'],
    ['the durability', '-c synchronous_commit=off'],
  ])('has the settings of the service though the url sets %s', async (_, options) => {
    const service = await Service.start({}, withOptions(options));
    await eventually(async () => expect((await service.fetch('/health/ready')).status).toBe(200));
    expect(await settingsOf(service)).toMatchObject(SESSION);
    expect(await kickAtOnce(service, 20)).toEqual([{ member_count: '3' }]);
    expect((await service.admin('/groups')).status).toBe(200);
    await service.stop();
  });

  it('has the settings of the service though the database sets all of them otherwise', async () => {
    const database = await TestDatabase.create();
    const name = new URL(database.url).pathname.slice(1);
    for (const setting of [
      "DateStyle = 'German'",
      "TimeZone = 'Asia/Shanghai'",
      "IntervalStyle = 'sql_standard'",
      "bytea_output = 'escape'",
      "default_transaction_isolation = 'read committed'",
      'synchronous_commit = off',
      'statement_timeout = 5000',
      'search_path = nowhere',
    ]) {
      await database.query(`ALTER DATABASE ${name} SET ${setting}`);
    }
    const service = await Service.start({ DATABASE_SCHEMA: 'public' }, async () => database.url);
    await eventually(async () => expect((await service.fetch('/health/ready')).status).toBe(200));
    expect(await settingsOf(service)).toMatchObject(SESSION);
    const created = { ...group('g'), createTime: 1_700_000_000_123 };
    expect((await service.post(CREATE, created)).body).toEqual(SUCCESS);
    expect(await service.admin('/groups/g')).toMatchObject({
      status: 200,
      body: { createTime: 1_700_000_000_123 },
    });
    const { items } = (await service.admin<{ items: { id: string }[] }>('/deliveries')).body;
    const delivery = await service.admin<{ body: string }>(`/deliveries/${items[0]!.id}`);
    expect(JSON.parse(delivery.body.body)).toEqual(created);
    await service.stop();
    await database.drop();
  });

  it('writes nothing where its isolation level was changed later', async () => {
    const service = await Service.start({ DATABASE_POOL_SIZE: '1' });
    await service.app.get(DataSource).query("SET default_transaction_isolation = 'read committed'");
    expect((await service.post(CREATE, group('g'))).status).toBe(500);
    expect(service.log.at(-1)).toMatchObject({
      err: { message: expect.stringContaining('needs_repeatable_read') },
    });
    expect(await service.rows()).toEqual({ groups: [], members: [] });
    await service.stop();
  });
});

describe('The schema of the tables', () => {
  let database: TestDatabase;

  beforeEach(async () => {
    database = await TestDatabase.create('template0');
  });

  afterEach(async () => {
    await ServiceProcess.endAll();
    await database.drop();
  });

  const tables = () =>
    database.query<{ schemaname: string; tablename: string }>(
      "SELECT schemaname, tablename FROM pg_tables WHERE schemaname NOT IN ('pg_catalog', 'information_schema') ORDER BY 1, 2",
    );

  it.each(['mirror', 'My "own" schema'])(
    'is %s where DATABASE_SCHEMA names it, beside tables of the same names',
    async (schema) => {
      await database.query('CREATE TABLE groups (theirs integer)');
      await database.query('CREATE SCHEMA extensions');
      await database.query('CREATE EXTENSION pg_trgm SCHEMA extensions');
      const service = ServiceProcess.start({ DATABASE_URL: database.url, DATABASE_SCHEMA: schema });
      await service.says(/The database is ready/);
      expect((await service.post({ groupID: 'g', groupName: 'Tea and Talk' })).status).toBe(200);
      expect(await service.get('/admin/groups?groupName=and%20t')).toMatchObject({
        status: 200,
        body: { items: [{ groupID: 'g' }] },
      });
      expect((await service.get('/health/ready')).status).toBe(200);
      await service.end();
      const found = await tables();
      expect(found.filter(({ schemaname }) => schemaname === 'public')).toEqual([
        { schemaname: 'public', tablename: 'groups' },
      ]);
      expect(found.filter(({ schemaname }) => schemaname === schema)).toHaveLength(found.length - 1);

      const again = ServiceProcess.start({
        DATABASE_URL: database.url,
        DATABASE_SCHEMA: schema,
        RUN_MIGRATIONS: 'false',
      });
      await again.says(/The database is ready/);
      expect((await again.get('/admin/groups/g')).status).toBe(200);
    },
  );

  it('is the first one in the search path of the role where DATABASE_SCHEMA is not set', async () => {
    const name = new URL(database.url).pathname.slice(1);
    await database.query('CREATE SCHEMA app');
    await database.query(`ALTER DATABASE ${name} SET search_path = app, public`);
    const service = ServiceProcess.start({ DATABASE_URL: database.url });
    await service.says(/The database is ready/);
    expect(new Set((await tables()).map(({ schemaname }) => schemaname))).toEqual(new Set(['app']));
  });
});

const withPgBouncer = PgBouncer.isInstalled ? describe : describe.skip;

withPgBouncer('A service behind PgBouncer (skipped without PgBouncer)', () => {
  let database: TestDatabase;
  let pooler: PgBouncer;

  beforeEach(async () => {
    database = await TestDatabase.create();
  });

  afterEach(async () => {
    await ServiceProcess.endAll();
    await pooler.stop();
    await database.drop();
  });

  it('in session mode with its default settings serves callbacks and reads', async () => {
    pooler = await PgBouncer.start(database.url, { pool_mode: 'session' });
    const service = await Service.start({}, async () => pooler.url);
    await eventually(async () => expect((await service.fetch('/health/ready')).status).toBe(200));
    expect(await settingsOf(service)).toMatchObject(SESSION);
    await service.stop();
  });

  it('in session mode counts equal kicks at the same time once, even if it drops startup options', async () => {
    pooler = await PgBouncer.start(database.url, {
      pool_mode: 'session',
      ignore_startup_parameters: 'options',
    });
    const service = await Service.start({}, async (url) => {
      await pooler.stop();
      pooler = await PgBouncer.start(url, {
        pool_mode: 'session',
        ignore_startup_parameters: 'options',
      });
      return pooler.url;
    });
    await eventually(async () => expect((await service.fetch('/health/ready')).status).toBe(200));
    expect(await kickAtOnce(service, 20)).toEqual([{ member_count: '3' }]);
    await service.stop();
  });

  it('in transaction mode keeps the service waiting with the reason in the log, and callbacks go to the journal', async () => {
    pooler = await PgBouncer.start(database.url, { pool_mode: 'transaction' });
    const folder = await mkdtemp(join(tmpdir(), 'openim-group-sync-pooled-'));
    const settings = { JOURNAL: 'on', DATA_DIR: folder };
    const service = ServiceProcess.start({ ...settings, DATABASE_URL: pooler.url });
    await service.says(
      /"reason":"DATABASE_URL leads to a connection pooler in transaction mode.*Waiting for the database/,
    );
    expect((await service.get('/health/ready')).status).toBe(503);
    for (let n = 0; n < 5; n += 1) {
      expect((await service.post({ groupID: `g${n}` })).body).toEqual(SUCCESS);
    }
    expect(await database.query('SELECT FROM groups')).toEqual([]);
    await service.end();

    const direct = ServiceProcess.start({ ...settings, DATABASE_URL: database.url });
    await eventually(async () => expect(await database.query('SELECT FROM groups')).toHaveLength(5));
    await direct.end();
    await rm(folder, { recursive: true });
  });

  it('that changes to transaction mode under a running service loses no callback and corrupts no row', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'openim-group-sync-pooled-'));
    pooler = await PgBouncer.start(database.url, { pool_mode: 'session' });
    const settings = { listen_port: new URL(pooler.url).port, default_pool_size: '5' };
    const service = ServiceProcess.start({ JOURNAL: 'on', DATA_DIR: folder, DATABASE_URL: pooler.url });
    await service.says(/The database is ready/);
    await pooler.stop();
    pooler = await PgBouncer.start(database.url, { pool_mode: 'transaction', ...settings });
    const answers = await Promise.all(
      Array.from({ length: 60 }, (_, n) => service.post(group(`g${n % 20}`))),
    );
    expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 200));
    await pooler.stop();
    pooler = await PgBouncer.start(database.url, { pool_mode: 'session', ...settings });
    await eventually(async () => {
      const { journal } = (await service.get('/admin/stats')).body as { journal: { waiting: number } };
      return journal.waiting === 0;
    }, 40_000);
    expect(await database.query('SELECT DISTINCT member_count FROM groups')).toEqual([{ member_count: '4' }]);
    expect(await database.query('SELECT FROM groups')).toHaveLength(20);
    expect(await database.query('SELECT FROM callback_deliveries')).toHaveLength(60);
    await service.end();
    await rm(folder, { recursive: true });
  });
});

describe('A PostgreSQL that restarts', () => {
  let folder: string;
  let postgres: PostgresServer;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'openim-group-sync-sessions-'));
  });

  afterEach(async () => {
    await ServiceProcess.endAll();
    await postgres.remove();
    await rm(folder, { recursive: true, force: true });
  });

  /** Sends callbacks while PostgreSQL is away, and expects them to be applied when it is back. */
  async function expectNothingLost(
    url: string,
    away: () => Promise<void>,
    back: () => Promise<void>,
  ): Promise<void> {
    const service = ServiceProcess.start({ JOURNAL: 'on', DATA_DIR: folder, DATABASE_URL: url });
    await service.says(/The database is ready/);
    expect((await service.post({ groupID: 'before' })).status).toBe(200);
    await away();
    for (let n = 0; n < 5; n += 1) {
      expect((await service.post({ groupID: `g${n}` })).body).toEqual(SUCCESS);
    }
    expect((await service.get('/health/ready')).body).toMatchObject({ status: 'degraded' });
    expect((await service.get('/admin/groups')).status).toBe(503);
    await back();
    const client = new Client({ connectionString: postgres.url });
    await client.connect();
    await eventually(async () => (await client.query('SELECT FROM groups')).rowCount === 6);
    await client.end();
    expect(await service.end()).toBe(0);
  }

  it('loses no callback when it connects through a Unix socket', async () => {
    postgres = await PostgresServer.create({ unix_socket_directories: tmpdir() });
    const { username, password, port, pathname } = new URL(postgres.url);
    const url = `postgres://${username}:${password}@${pathname}?host=${tmpdir()}&port=${port}`;
    await expectNothingLost(
      url,
      () => postgres.stop(),
      () => postgres.start(),
    );
  });

  const withCertificates = canMakeCertificates ? it : it.skip;

  withCertificates.each(['another certificate', 'one that has expired'])(
    'with %s loses no callback (skipped without openssl)',
    async (which) => {
      const trusted = makeCertificate(join(folder, 'trusted'));
      const other = makeCertificate(
        join(folder, 'other'),
        which === 'an expired certificate' ? new Date(Date.now() - 86_400_000) : undefined,
      );
      postgres = await PostgresServer.create();
      await postgres.useCertificate(trusted);
      const ca = join(folder, 'trusted/certificate');
      await expectNothingLost(
        `${postgres.url}?sslmode=verify-full&sslrootcert=${ca}`,
        () => postgres.useCertificate(other),
        () => postgres.useCertificate(trusted),
      );
    },
  );
});

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseService } from '../src/database/database.service.js';
import { directUrl } from './helpers/database.js';
import { readMetrics } from './helpers/metrics.js';
import { eventually } from './helpers/process.js';
import { Proxy } from './helpers/proxy.js';
import { CREATE, Service } from './helpers/service.js';

interface Setup {
  service: Service;
  proxy: Proxy;
}

interface State {
  /** The fault. */
  name: string;
  break: (setup: Setup) => Promise<unknown>;
  mend: (setup: Setup) => Promise<unknown>;
  /** Settings that differ from those of the other states. */
  settings?: Record<string, string>;
  callback: number;
  ready: { status: number; message?: string };
  reachable: number;
  writable: number;
  /** 1 while the journal accepts callbacks. */
  open: number;
}

const OFF = { JOURNAL: 'off' };
const query =
  (...statements: string[]) =>
  async ({ service }: Setup) => {
    for (const statement of statements) {
      await service.database.query(statement);
    }
  };
/** Simulates a full disk: every write is rejected. */
const FULL = `
  CREATE FUNCTION full_disk() RETURNS trigger LANGUAGE plpgsql AS $$
  BEGIN RAISE EXCEPTION 'could not extend file' USING ERRCODE = 'disk_full'; END $$;
  CREATE TRIGGER full_disk BEFORE INSERT ON groups FOR EACH ROW EXECUTE FUNCTION full_disk()`;

const STATES: State[] = [
  {
    name: 'nothing is broken',
    break: async () => undefined,
    mend: async () => undefined,
    callback: 200,
    ready: { status: 200 },
    reachable: 1,
    writable: 1,
    open: 1,
  },
  {
    name: 'one group is locked',
    break: query('BEGIN', "SELECT FROM groups WHERE group_id = 'other' FOR UPDATE"),
    mend: query('COMMIT'),
    callback: 200,
    ready: { status: 200 },
    reachable: 1,
    writable: 1,
    open: 1,
  },
  {
    name: 'the table of groups is locked',
    break: query('BEGIN', 'LOCK TABLE groups'),
    mend: query('COMMIT'),
    callback: 200,
    ready: { status: 200, message: 'takes no writes; callbacks go to the journal' },
    reachable: 1,
    writable: 0,
    open: 1,
  },
  {
    name: 'the table of groups is locked, and there is no journal',
    break: query('BEGIN', 'LOCK TABLE groups'),
    mend: query('COMMIT'),
    settings: OFF,
    callback: 503,
    ready: { status: 503, message: 'takes no writes' },
    reachable: 1,
    writable: 0,
    open: 0,
  },
  {
    name: 'the disk of PostgreSQL is full',
    break: query(FULL),
    mend: query('DROP TRIGGER full_disk ON groups'),
    callback: 200,
    ready: { status: 200, message: 'takes no writes; callbacks go to the journal' },
    reachable: 1,
    writable: 0,
    open: 1,
  },
  {
    name: 'the disk of PostgreSQL is full, and so is the journal',
    break: async ({ service }) => {
      await service.database.query(FULL);
      for (const size of [300_000, 30_000, 3000, 10]) {
        for (let n = 0, status = 200; status === 200; n += 1) {
          const body = {
            callbackCommand: CREATE,
            groupID: `${size} ${n}`,
            ownerUserID: 'o',
            ex: 'x'.repeat(size),
          };
          ({ status } = await service.post(CREATE, body));
        }
      }
    },
    mend: query('DROP TRIGGER full_disk ON groups'),
    callback: 503,
    ready: { status: 503, message: 'takes no writes' },
    reachable: 1,
    writable: 0,
    open: 0,
  },
  {
    name: 'PostgreSQL is read-only',
    break: async ({ service, proxy }) => {
      const name = new URL(service.database.url).pathname.slice(1);
      await service.database.query(`ALTER DATABASE ${name} SET default_transaction_read_only = on`);
      await proxy.close();
      await proxy.listen();
    },
    mend: async ({ service, proxy }) => {
      const name = new URL(service.database.url).pathname.slice(1);
      await service.database.query(`ALTER DATABASE ${name} RESET default_transaction_read_only`);
      await proxy.close();
      await proxy.listen();
    },
    callback: 200,
    ready: { status: 200, message: 'takes no writes; callbacks go to the journal' },
    reachable: 1,
    writable: 0,
    open: 1,
  },
  {
    name: 'PostgreSQL cannot be reached',
    break: ({ proxy }) => proxy.close(),
    mend: ({ proxy }) => proxy.listen(),
    callback: 200,
    ready: { status: 200, message: 'cannot be reached; callbacks go to the journal' },
    reachable: 0,
    writable: 0,
    open: 1,
  },
  {
    name: 'PostgreSQL does not answer',
    break: async ({ proxy }) => proxy.hang(),
    mend: async ({ proxy }) => {
      await proxy.close();
      await proxy.listen();
    },
    callback: 200,
    ready: { status: 200, message: 'cannot be reached; callbacks go to the journal' },
    reachable: 0,
    writable: 0,
    open: 1,
  },
  {
    name: 'PostgreSQL cannot be reached, and there is no journal',
    break: ({ proxy }) => proxy.close(),
    mend: ({ proxy }) => proxy.listen(),
    settings: OFF,
    callback: 503,
    ready: { status: 503, message: 'cannot be reached' },
    reachable: 0,
    writable: 0,
    open: 0,
  },
];

const group = (groupID: string) => ({ callbackCommand: CREATE, groupID, ownerUserID: 'o' });

describe.each(STATES)('While $name', (state) => {
  let folder: string;
  let setup: Setup;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'openim-group-sync-readiness-'));
    let proxy: Proxy;
    const settings = { JOURNAL: 'on', JOURNAL_LIMIT: '1mb', DATA_DIR: folder, ...state.settings };
    const service = await Service.start(settings, async (url) => {
      proxy = new Proxy(new URL(directUrl(url)));
      await proxy.listen();
      return proxy.url;
    });
    await service.app.get(DatabaseService).opened;
    await service.post(CREATE, group('other'));
    setup = { service, proxy: proxy! };
  });

  afterEach(async () => {
    await setup.proxy.close().catch(() => undefined);
    await setup.service.stop();
    await rm(folder, { recursive: true, force: true });
  });

  it('readiness, the answer to a callback and the metrics agree, and all recover afterwards', async () => {
    const { service } = setup;
    await state.break(setup);
    expect((await service.post(CREATE, group('g'))).status).toBe(state.callback);

    await eventually(async () => {
      const { status, body } = await service.fetch<{ details?: { database: { message?: string } } }>(
        '/health/ready',
      );
      const { details, error } = body as typeof body & { error?: typeof body.details };
      expect([status, { ...error, ...details }.database?.message]).toEqual([
        state.ready.status,
        state.ready.message,
      ]);
      return true;
    }, 10_000);
    expect((await service.post(CREATE, group('h'))).status).toBe(state.callback);
    const metrics = await readMetrics(service.url);
    expect({
      reachable: metrics.value('openim_database_reachable'),
      writable: metrics.value('openim_database_writable'),
      open: metrics.value('openim_journal_open'),
    }).toEqual({ reachable: state.reachable, writable: state.writable, open: state.open });

    await state.mend(setup);
    await eventually(
      async () => (await service.fetch('/health/ready')).text.includes('"status":"ok"'),
      25_000,
    );
    expect((await service.post(CREATE, group('after'))).status).toBe(200);
    await eventually(async () => {
      const { groups } = await service.rows();
      return groups.some(({ group_id: id }) => id === 'after');
    });
  }, 120_000);
});

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseService } from '../src/database/database.service.js';
import { directUrl } from './helpers/database.js';
import { readMetrics } from './helpers/metrics.js';
import { eventually } from './helpers/process.js';
import { Proxy } from './helpers/proxy.js';
import { CREATE, Service } from './helpers/service.js';
import { type State, stateOfDocs, statesOfDocs } from './helpers/states.js';

interface Setup {
  service: Service;
  proxy: Proxy;
}

interface Fault {
  /** The fault. */
  name: string;
  /** The row of the table of states in docs/observability.md. */
  state: string;
  break: (setup: Setup) => Promise<unknown>;
  mend: (setup: Setup) => Promise<unknown>;
  /** Settings that differ from those of the other faults. */
  settings?: Record<string, string>;
  /** The message of readiness. */
  message?: string;
  /** The reason in the log. */
  reason?: RegExp;
}

const UNWRITABLE = 'PostgreSQL takes no writes (tables locked, disk full, read-only)';
const NEVER_USED = 'the database was never in use (migrations pending, pooler in transaction mode)';
const AWAY = 'PostgreSQL is away, or does not answer';

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

const FAULTS: Fault[] = [
  {
    name: 'nothing is broken',
    state: 'nothing is wrong',
    break: async () => undefined,
    mend: async () => undefined,
  },
  {
    name: 'there is no journal',
    state: 'there is no journal',
    break: async () => undefined,
    mend: async () => undefined,
    settings: OFF,
  },
  {
    name: 'OpenIM cannot be reached',
    state: 'OpenIM cannot be reached',
    break: ({ service }) =>
      eventually(async () => {
        const runs = { kind: 'backfill', outcome: 'failed' };
        const metrics = await readMetrics(service.url);
        expect(metrics.value('openim_reconciliation_runs_total', runs)).toBeGreaterThan(0);
      }),
    mend: async () => undefined,
    settings: { OPENIM_API_URL: 'http://127.0.0.1:9', OPENIM_SECRET: 's' },
  },
  {
    name: 'one group is locked',
    state: 'rows of single groups are locked',
    break: async (setup) => {
      await query('BEGIN', "SELECT FROM groups WHERE group_id = 'other' FOR UPDATE")(setup);
      await setup.service.post(CREATE, group('other'));
    },
    mend: query('COMMIT'),
  },
  {
    name: 'the table of groups is locked',
    state: UNWRITABLE,
    break: query('BEGIN', 'LOCK TABLE groups'),
    mend: query('COMMIT'),
    message: 'takes no writes; callbacks go to the journal',
  },
  {
    name: 'the table of groups is locked, and there is no journal',
    state: 'PostgreSQL takes no writes, and there is no journal',
    break: query('BEGIN', 'LOCK TABLE groups'),
    mend: query('COMMIT'),
    settings: OFF,
    message: 'takes no writes',
  },
  {
    name: 'the disk of PostgreSQL is full',
    state: UNWRITABLE,
    break: query(FULL),
    mend: query('DROP TRIGGER full_disk ON groups'),
    message: 'takes no writes; callbacks go to the journal',
  },
  {
    name: 'the disk of PostgreSQL is full, and so is the journal',
    state: 'PostgreSQL takes no writes, and the journal is full',
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
    message: 'takes no writes',
  },
  {
    name: 'PostgreSQL is read-only',
    state: UNWRITABLE,
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
    message: 'takes no writes; callbacks go to the journal',
  },
  {
    name: 'PostgreSQL cannot be reached',
    state: AWAY,
    reason: /^.+; \w+/,
    break: ({ proxy }) => proxy.close(),
    mend: ({ proxy }) => proxy.listen(),
    message: 'cannot be reached; callbacks go to the journal',
  },
  {
    name: 'PostgreSQL does not answer',
    state: AWAY,
    reason: /^.*(timeout|did not answer).*; look whether PostgreSQL hangs/,
    break: async ({ proxy }) => proxy.hang(),
    mend: async ({ proxy }) => {
      await proxy.close();
      await proxy.listen();
    },
    message: 'cannot be reached; callbacks go to the journal',
  },
  {
    name: 'PostgreSQL cannot be reached, and there is no journal',
    state: 'PostgreSQL is away, and there is no journal',
    break: ({ proxy }) => proxy.close(),
    mend: ({ proxy }) => proxy.listen(),
    settings: OFF,
    message: 'cannot be reached',
  },
];

interface Health {
  status: string;
  details: { database: { message?: string } };
}

const group = (groupID: string) => ({ callbackCommand: CREATE, groupID, ownerUserID: 'o' });

/** Expects what the metrics of a row say. Others are as while nothing is wrong. */
async function expectMetrics(service: Service, state: State): Promise<void> {
  const metrics = await readMetrics(service.url);
  for (const name of ['openim_database_reachable', 'openim_database_writable', 'openim_journal_open']) {
    expect([name, metrics.value(name)]).toEqual([name, state.metrics.has(name) ? 0 : 1]);
  }
  const waiting = metrics.value('openim_journal_entries')!;
  expect(['entries', waiting > 0]).toEqual(['entries', state.metrics.has('openim_journal_entries')]);
  const fill = metrics.value('openim_journal_bytes')! / metrics.value('openim_journal_limit_bytes')!;
  expect(['full', fill > 0.8]).toEqual(['full', state.metrics.has('openim_journal_bytes')]);
}

describe.each(FAULTS)('While $name', (fault) => {
  const state = stateOfDocs(fault.state);
  let folder: string;
  let setup: Setup;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'openim-group-sync-readiness-'));
    let proxy: Proxy;
    const settings = { JOURNAL: 'on', JOURNAL_LIMIT: '1mb', DATA_DIR: folder, ...fault.settings };
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
    await fault.break(setup);
    expect((await service.post(CREATE, group('g'))).status).toBe(state.callback);

    await eventually(async () => {
      const { status, body } = await service.fetch<Health>('/health/ready');
      expect([status, body.status, body.details.database.message]).toEqual([
        state.ready!.code,
        state.ready!.status,
        fault.message,
      ]);
      return true;
    }, 10_000);
    expect((await service.post(CREATE, group('h'))).status).toBe(state.callback);
    await expectMetrics(service, state);
    if (fault.reason) {
      expect(service.log).toContainEqual(
        expect.objectContaining({
          msg: 'PostgreSQL cannot be reached',
          reason: expect.stringMatching(fault.reason),
        }),
      );
    }

    await fault.mend(setup);
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

it('While the database was never in use, readiness fails, although callbacks go to the journal', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'openim-group-sync-readiness-'));
  const settings = { JOURNAL: 'on', DATA_DIR: folder, RUN_MIGRATIONS: 'false' };
  const service = await Service.start(settings, async (url) => url.replace(/[^/]+$/, 'postgres'));
  const state = stateOfDocs(NEVER_USED);
  await eventually(() => service.log.some(({ msg }) => msg === 'Waiting for the database'));
  expect((await service.post(CREATE, group('g'))).status).toBe(state.callback);
  const { status, body } = await service.fetch<Health>('/health/ready');
  expect([status, body.status]).toEqual([state.ready!.code, state.ready!.status]);
  await expectMetrics(service, state);
  await service.stop();
  await rm(folder, { recursive: true });
});

it('Every state of docs/observability.md is here, but those of a process that ends', () => {
  const tested = [...FAULTS.map(({ state }) => state), NEVER_USED];
  expect(statesOfDocs().flatMap(({ name }) => (tested.includes(name) ? [] : [name]))).toEqual([
    'the process stops', // operation.spec.ts
    'the process does not run',
  ]);
});

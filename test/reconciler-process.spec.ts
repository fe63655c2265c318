import { setTimeout as sleep } from 'node:timers/promises';
import { TestDatabase } from './helpers/database.js';
import { FakeOpenIm } from './helpers/fake-openim.js';
import { differences } from './helpers/mirror.js';
import { Proxy } from './helpers/proxy.js';
import { becomesEmpty, eventually, ServiceProcess } from './helpers/process.js';
import { newGroup, step } from './helpers/world.js';

/** What each test has for itself. */
class Setup {
  readonly settings: Record<string, string>;
  private readonly services: ServiceProcess[] = [];

  private constructor(
    readonly openIm: FakeOpenIm,
    readonly database: TestDatabase,
  ) {
    this.settings = {
      ...openIm.settings,
      DATABASE_URL: database.url,
      LOG_LEVEL: 'info',
      RECONCILE_INTERVAL: '1s',
    };
  }

  static async create(): Promise<Setup> {
    return new Setup(await FakeOpenIm.start(), await TestDatabase.create());
  }

  start(settings = this.settings): ServiceProcess {
    const service = ServiceProcess.start(settings);
    this.services.push(service);
    return service;
  }

  async end(): Promise<void> {
    await Promise.all(this.services.map((service) => service.end()));
    await this.openIm.stop();
    await this.database.drop();
  }

  async verified(): Promise<number> {
    const [row] = await this.database.query<{ count: string }>(
      'SELECT count(*) FROM groups WHERE verified_at IS NOT NULL',
    );
    return Number(row!.count);
  }

  differences(): Promise<object[]> {
    return differences(this.database, this.openIm.groups.values());
  }

  /** Waits until the mirror equals OpenIM. */
  becomesRight(): Promise<void> {
    return becomesEmpty(() => this.differences());
  }
}

/** Runs a test. Most tests wait for a lease to expire, so they run at the same time. */
async function withSetup(work: (setup: Setup) => Promise<void>): Promise<void> {
  const setup = await Setup.create();
  try {
    await work(setup);
  } finally {
    await setup.end();
  }
}

const LEADS = /Started leading reconciliation/;
const BACKFILL_DONE = /"kind":"backfill".*"msg":"Run done"/;

it('A service that is killed twice during a backfill continues the backfill after each restart', () =>
  withSetup(async (setup) => {
    const { openIm, database } = setup;
    openIm.add(...Array.from({ length: 1500 }, () => newGroup(20)));
    openIm.faults = { slowMs: 1 };
    for (const least of [300, 900]) {
      const service = setup.start();
      await eventually(async () => (await setup.verified()) >= least);
      await service.end('SIGKILL');
      expect(await setup.verified()).toBeLessThan(1500);
      await database.query("UPDATE leases SET expires_at = '-infinity'"); // otherwise the lease expires only after 12 s
    }
    const before = await setup.verified();
    const asked = openIm.requests.filter((path) => path.endsWith('get_group_member_list')).length;
    await setup.start().says(BACKFILL_DONE);
    expect(await setup.differences()).toEqual([]);
    const more = openIm.requests.filter((path) => path.endsWith('get_group_member_list')).length - asked;
    expect(more).toBe(1500 - before);
    const runs = await database.query(
      "SELECT state FROM reconciliation_runs WHERE kind = 'backfill' ORDER BY started_at",
    );
    expect(runs).toEqual([{ state: 'interrupted' }, { state: 'interrupted' }, { state: 'done' }]);
  }));

it.concurrent('A second replica reconciles only after the leader is killed', () =>
  withSetup(async (setup) => {
    const { openIm } = setup;
    openIm.add(newGroup(3), newGroup(3));
    const one = setup.start();
    await one.says(BACKFILL_DONE);
    const other = setup.start();
    await other.says(/The database is ready/);
    await sleep(2500);
    expect(other.log).not.toMatch(LEADS);
    await one.end('SIGKILL');
    await other.says(LEADS);
    for (const group of openIm.groups.values()) {
      group.act(step('invite'));
    }
    await setup.becomesRight();
    expect(await other.end()).toBe(0);
  }),
);

it.concurrent('A service that stops during a backfill exits with 0', () =>
  withSetup(async (setup) => {
    const { openIm, database } = setup;
    openIm.add(...Array.from({ length: 500 }, () => newGroup(3)));
    openIm.faults = { slowMs: 20 };
    const service = setup.start();
    await eventually(async () => (await setup.verified()) >= 1);
    const asked = Date.now();
    expect(await service.end()).toBe(0);
    expect(Date.now() - asked).toBeLessThan(6000);
    const [run] = await database.query("SELECT state FROM reconciliation_runs WHERE kind = 'backfill'");
    expect(run).toEqual({ state: 'interrupted' });
    expect(service.log).not.toMatch(/"level":"error"/);
  }),
);

it.concurrent('A service without OPENIM_API_URL logs that callbacks are its only source', () =>
  withSetup(async (setup) => {
    const { database } = setup;
    const service = setup.start({ DATABASE_URL: database.url, LOG_LEVEL: 'info' });
    await service.says(/OPENIM_API_URL is not set: callbacks are the only source of the mirror/);
    await service.says(/The database is ready/);
    const { status, body } = await service.get('/admin/reconciliation');
    expect([status, body['state']]).toEqual([200, 'off']);
    const refresh = await fetch(`${await service.url()}/admin/groups/g/refresh`, {
      method: 'POST',
      headers: { authorization: 'Bearer k' },
    });
    expect(refresh.status).toBe(409);
  }),
);

it.concurrent('A service logs the start and the end of an OpenIM outage once each', () =>
  withSetup(async (setup) => {
    const { openIm } = setup;
    openIm.add(newGroup(3));
    openIm.faults = { html502: true };
    const service = setup.start();
    await service.says(
      /OpenIM did not answer .*: HTTP 502 without OpenIM's JSON.*"loop":"full run".*"msg":"Reconciliation fails and is retried"/,
    );
    await sleep(4000);
    expect(service.log.match(/"loop":"full run".*"msg":"Reconciliation fails and is retried"/g)).toHaveLength(
      1,
    );
    openIm.faults = {};
    await service.says(/"loop":"full run".*"msg":"Reconciliation works again"/);
    expect(await setup.differences()).toEqual([]);
  }),
);

/** Expects that another replica takes over within 20 s, and that the mirror stays right when the first leader comes back. */
async function expectTakeover(
  setup: Setup,
  leader: ServiceProcess,
  vanish: () => void,
  comeBack: () => void,
): Promise<void> {
  const { openIm } = setup;
  openIm.add(newGroup(30), newGroup(30));
  await leader.says(BACKFILL_DONE);
  const other = setup.start();
  await other.says(/The database is ready/);
  const since = Date.now();
  vanish();
  for (const group of openIm.groups.values()) {
    group.act(step('invite'));
  }
  await other.says(LEADS);
  expect(Date.now() - since).toBeLessThan(20_000);
  await setup.becomesRight();
  comeBack();
  for (const group of openIm.groups.values()) {
    group.act(step('rename'));
    group.act(step('kick'));
  }
  await setup.becomesRight();
  await leader.says(/Stopped leading reconciliation/);
  await setup.becomesRight();
}

it.concurrent('A leader that is frozen is replaced', () =>
  withSetup(async (setup) => {
    const leader = setup.start();
    await expectTakeover(
      setup,
      leader,
      () => leader.child.kill('SIGSTOP'),
      () => leader.child.kill('SIGCONT'),
    );
  }),
);

it.concurrent('A leader that cannot reach PostgreSQL is replaced', () =>
  withSetup(async (setup) => {
    const { database, settings } = setup;
    const proxy = new Proxy(new URL(database.url));
    await proxy.listen();
    const leader = setup.start({ ...settings, DATABASE_URL: proxy.url });
    await expectTakeover(
      setup,
      leader,
      () => proxy.hang(),
      () => void proxy.close().then(() => proxy.listen()),
    );
    await leader.end();
    await proxy.close();
  }),
);

it.concurrent(
  'A leader that is killed is replaced although its lease is valid for an hour because the clock of PostgreSQL was set back',
  () =>
    withSetup(async (setup) => {
      const { database } = setup;
      const leader = setup.start();
      await leader.says(LEADS);
      await leader.end('SIGKILL');
      await database.query("UPDATE leases SET expires_at = expires_at + interval '1 hour'");
      const other = setup.start();
      await other.says(LEADS);
      const [lease] = await database.query(
        "SELECT expires_at < clock_timestamp() + interval '1 minute' AS short FROM leases",
      );
      expect(lease).toEqual({ short: true }); // the new leader has its own lease
    }),
);

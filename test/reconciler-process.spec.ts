import { setTimeout as sleep } from 'node:timers/promises';
import { TestDatabase } from './helpers/database.js';
import { FakeOpenIm } from './helpers/fake-openim.js';
import { differences } from './helpers/mirror.js';
import { Proxy } from './helpers/proxy.js';
import { eventually, ServiceProcess } from './helpers/process.js';
import { newGroup, step } from './helpers/world.js';

let openIm: FakeOpenIm;
let database: TestDatabase;
let settings: Record<string, string>;

beforeEach(async () => {
  openIm = await FakeOpenIm.start();
  database = await TestDatabase.create();
  settings = { ...openIm.settings, DATABASE_URL: database.url, LOG_LEVEL: 'info', RECONCILE_INTERVAL: '1s' };
});

afterEach(async () => {
  await ServiceProcess.endAll();
  await openIm.stop();
  await database.drop();
});

const LEADS = /Started leading reconciliation/;
const BACKFILL_DONE = /"kind":"backfill".*"msg":"Run done"/;

const verified = async (): Promise<number> => {
  const [row] = await database.query<{ count: string }>(
    'SELECT count(*) FROM groups WHERE verified_at IS NOT NULL',
  );
  return Number(row!.count);
};

/** Expects that the mirror equals OpenIM. @returns true, as `eventually` needs it */
const isRight = async (): Promise<boolean> => {
  expect(await differences(database, openIm.groups.values())).toEqual([]);
  return true;
};

it('A service that is killed twice during a backfill continues the backfill after each restart', async () => {
  openIm.add(...Array.from({ length: 1500 }, () => newGroup(20)));
  openIm.faults = { slowMs: 1 };
  for (const least of [300, 900]) {
    const service = ServiceProcess.start(settings);
    await eventually(async () => (await verified()) >= least);
    await service.end('SIGKILL');
    expect(await verified()).toBeLessThan(1500);
    await database.query("UPDATE leases SET expires_at = '-infinity'"); // otherwise the lease expires only after 12 s
  }
  const before = await verified();
  const asked = openIm.requests.filter((path) => path.endsWith('get_group_member_list')).length;
  await ServiceProcess.start(settings).says(BACKFILL_DONE);
  await isRight();
  const more = openIm.requests.filter((path) => path.endsWith('get_group_member_list')).length - asked;
  expect(more).toBe(1500 - before);
  const runs = await database.query(
    "SELECT state FROM reconciliation_runs WHERE kind = 'backfill' ORDER BY started_at",
  );
  expect(runs).toEqual([{ state: 'interrupted' }, { state: 'interrupted' }, { state: 'done' }]);
});

it('A second replica reconciles only after the leader is killed', async () => {
  openIm.add(newGroup(3), newGroup(3));
  const one = ServiceProcess.start(settings);
  await one.says(BACKFILL_DONE);
  const other = ServiceProcess.start(settings);
  await other.says(/The database is ready/);
  await sleep(2500);
  expect(other.log).not.toMatch(LEADS);
  await one.end('SIGKILL');
  await other.says(LEADS);
  for (const group of openIm.groups.values()) {
    group.act(step('invite'));
  }
  await eventually(isRight);
  expect(await other.end()).toBe(0);
});

it('A service that stops during a backfill exits with 0', async () => {
  openIm.add(...Array.from({ length: 500 }, () => newGroup(3)));
  openIm.faults = { slowMs: 20 };
  const service = ServiceProcess.start(settings);
  await eventually(async () => (await verified()) >= 1);
  const asked = Date.now();
  expect(await service.end()).toBe(0);
  expect(Date.now() - asked).toBeLessThan(6000);
  const [run] = await database.query("SELECT state FROM reconciliation_runs WHERE kind = 'backfill'");
  expect(run).toEqual({ state: 'interrupted' });
  expect(service.log).not.toMatch(/"level":"error"/);
});

it('A service without OPENIM_API_URL logs that callbacks are its only source', async () => {
  const service = ServiceProcess.start({ DATABASE_URL: database.url, LOG_LEVEL: 'info' });
  await service.says(/OPENIM_API_URL is not set: callbacks are the only source of the mirror/);
  await service.says(/The database is ready/);
  const { status, body } = await service.get('/admin/reconciliation');
  expect([status, body['state']]).toEqual([200, 'off']);
  const refresh = await fetch(`${await service.url()}/admin/groups/g/refresh`, {
    method: 'POST',
    headers: { authorization: 'Bearer k' },
  });
  expect(refresh.status).toBe(409);
});

it('A service logs the start and the end of an OpenIM outage once each', async () => {
  openIm.add(newGroup(3));
  openIm.faults = { html502: true };
  const service = ServiceProcess.start(settings);
  await service.says(
    /OpenIM did not answer .*: HTTP 502 without OpenIM's JSON.*"loop":"full run".*"msg":"Reconciliation fails and is retried"/,
  );
  await sleep(4000);
  expect(service.log.match(/"loop":"full run".*"msg":"Reconciliation fails and is retried"/g)).toHaveLength(
    1,
  );
  openIm.faults = {};
  await service.says(/"loop":"full run".*"msg":"Reconciliation works again"/);
  await isRight();
});

/** Expects that another replica takes over within 20 s, and that the mirror stays right when the first leader comes back. */
async function expectTakeover(
  leader: ServiceProcess,
  vanish: () => void,
  comeBack: () => void,
): Promise<void> {
  openIm.add(newGroup(30), newGroup(30));
  await leader.says(BACKFILL_DONE);
  const other = ServiceProcess.start(settings);
  await other.says(/The database is ready/);
  const since = Date.now();
  vanish();
  for (const group of openIm.groups.values()) {
    group.act(step('invite'));
  }
  await other.says(LEADS);
  expect(Date.now() - since).toBeLessThan(20_000);
  await eventually(isRight);
  comeBack();
  for (const group of openIm.groups.values()) {
    group.act(step('rename'));
    group.act(step('kick'));
  }
  await eventually(isRight);
  await leader.says(/Stopped leading reconciliation/);
  await eventually(isRight);
}

describe('A leader', () => {
  it('that is frozen is replaced', async () => {
    const leader = ServiceProcess.start(settings);
    await expectTakeover(
      leader,
      () => leader.child.kill('SIGSTOP'),
      () => leader.child.kill('SIGCONT'),
    );
  });

  it('that cannot reach PostgreSQL is replaced', async () => {
    const proxy = new Proxy(new URL(database.url));
    await proxy.listen();
    const leader = ServiceProcess.start({ ...settings, DATABASE_URL: proxy.url });
    await expectTakeover(
      leader,
      () => proxy.hang(),
      () => void proxy.close().then(() => proxy.listen()),
    );
    await leader.end();
    await proxy.close();
  });

  it('that is killed is replaced although its lease is valid for an hour because the clock of PostgreSQL was set back', async () => {
    const leader = ServiceProcess.start(settings);
    await leader.says(LEADS);
    await leader.end('SIGKILL');
    await database.query("UPDATE leases SET expires_at = expires_at + interval '1 hour'");
    const other = ServiceProcess.start(settings);
    await other.says(LEADS);
    const [lease] = await database.query(
      "SELECT expires_at < clock_timestamp() + interval '1 minute' AS short FROM leases",
    );
    expect(lease).toEqual({ short: true }); // the new leader has its own lease
  });
});

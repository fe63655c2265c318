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

const LEADS = /This process reconciles/;

const verified = async (): Promise<number> => {
  const [row] = await database.query<{ count: string }>(
    'SELECT count(*) FROM groups WHERE verified_at IS NOT NULL',
  );
  return Number(row!.count);
};

const isRight = async (): Promise<boolean> => {
  expect(await differences(database, openIm.groups.values())).toEqual([]);
  return true;
};

it('goes on where it was when it is killed in the middle of a backfill, twice', async () => {
  openIm.add(...Array.from({ length: 1500 }, () => newGroup(20)));
  openIm.faults = { slowMs: 1 };
  for (const least of [300, 900]) {
    const service = ServiceProcess.start(settings);
    await eventually(async () => (await verified()) >= least);
    await service.end('SIGKILL');
    expect(await verified()).toBeLessThan(1500);
  }
  const before = await verified();
  const asked = openIm.requests.filter((path) => path.endsWith('get_group_member_list')).length;
  await ServiceProcess.start(settings).says(/Backfill: .* read of 1,500 groups/);
  expect(await isRight()).toBe(true);
  const more = openIm.requests.filter((path) => path.endsWith('get_group_member_list')).length - asked;
  expect(more).toBe(1500 - before);
  const runs = await database.query(
    "SELECT state FROM reconciliation_runs WHERE kind = 'backfill' ORDER BY started_at",
  );
  expect(runs).toEqual([{ state: 'interrupted' }, { state: 'interrupted' }, { state: 'done' }]);
});

it('is done by one replica, and by the other one when that is killed', async () => {
  openIm.add(newGroup(3), newGroup(3));
  const one = ServiceProcess.start(settings);
  await one.says(/Backfill: .* read/);
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

it('ends in order in the middle of a backfill', async () => {
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

it('says that it lives on callbacks alone where it does not know OpenIM', async () => {
  const service = ServiceProcess.start({ DATABASE_URL: database.url, LOG_LEVEL: 'info' });
  await service.says(/OPENIM_API_URL is not set: the mirror lives on callbacks alone/);
  await service.says(/The database is ready/);
  const { status, body } = await service.get('/admin/reconciliation');
  expect([status, body['state']]).toEqual([200, 'off']);
  const refresh = await fetch(`${await service.url()}/admin/groups/g/refresh`, {
    method: 'POST',
    headers: { authorization: 'Bearer k' },
  });
  expect(refresh.status).toBe(409);
});

it('says once what is wrong with OpenIM, and once that it is over', async () => {
  openIm.add(newGroup(3));
  openIm.faults = { html502: true };
  const service = ServiceProcess.start(settings);
  await service.says(
    /A full run failed, and is tried again: OpenIM could not be asked .*: HTTP 502 without OpenIM's JSON/,
  );
  await sleep(4000);
  expect(service.log.match(/A full run failed, and is tried again/g)).toHaveLength(1);
  openIm.faults = {};
  await service.says(/A full run failed: not any more/);
  expect(await isRight()).toBe(true);
});

/** Another one takes over in time, and what the first one does when it is back does no harm. */
async function expectTakeover(
  leader: ServiceProcess,
  vanish: () => void,
  comeBack: () => void,
): Promise<void> {
  openIm.add(newGroup(30), newGroup(30));
  await leader.says(/Backfill: .* read/);
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
  await leader.says(/This process reconciles no more/);
  await eventually(isRight);
}

describe('a leader that does not end, and leads no more', () => {
  it('is frozen: another one takes over', async () => {
    const leader = ServiceProcess.start(settings);
    await expectTakeover(
      leader,
      () => leader.child.kill('SIGSTOP'),
      () => leader.child.kill('SIGCONT'),
    );
  });

  it('is cut off from PostgreSQL: another one takes over', async () => {
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

  it('has a lease that PostgreSQL shows as long valid, since its clock was set back: another one takes over', async () => {
    const leader = ServiceProcess.start(settings);
    await leader.says(LEADS);
    await leader.end('SIGKILL');
    await database.query("UPDATE leases SET expires_at = expires_at + interval '1 hour'");
    const other = ServiceProcess.start(settings);
    expect(await other.says(LEADS)).not.toBeNull();
  });
});

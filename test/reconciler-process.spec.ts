import { setTimeout as sleep } from 'node:timers/promises';
import { TestDatabase } from './helpers/database.js';
import { FakeOpenIm } from './helpers/fake-openim.js';
import { differences } from './helpers/mirror.js';
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
    /A run failed, and is tried again: OpenIM could not be asked .*: HTTP 502 without OpenIM's JSON/,
  );
  await sleep(4000);
  expect(service.log.match(/A run failed, and is tried again/g)).toHaveLength(1);
  openIm.faults = {};
  await service.says(/A run failed: not any more/);
  expect(await isRight()).toBe(true);
});

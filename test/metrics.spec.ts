import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fixture } from './helpers/fixtures.js';
import { openImMetrics, readMetrics } from './helpers/metrics.js';
import { eventually } from './helpers/process.js';
import { CREATE, KEY, Service } from './helpers/service.js';
import { newGroup, step, World } from './helpers/world.js';

const ROOT = join(import.meta.dirname, '..');
const file = (name: string) => readFileSync(join(ROOT, name), 'utf8');

afterEach(() => World.endAll());

describe('The metrics of callbacks', () => {
  let service: Service;

  beforeEach(async () => {
    service = await Service.start({ DATABASE_POOL_SIZE: '3' });
  });

  afterEach(() => service.stop());

  it('have all counters at 0 from the start', async () => {
    const metrics = await readMetrics(service.url);
    for (const command of [CREATE, 'callbackAfterQuitGroupCommand', 'other']) {
      for (const outcome of ['applied', 'unchanged', 'ignored', 'rejected', 'denied', 'failed']) {
        expect(metrics.value('openim_callbacks_total', { command, outcome })).toBe(0);
      }
    }
    for (const endpoint of ['callback', 'admin']) {
      expect(metrics.value('openim_authentication_failures_total', { endpoint })).toBe(0);
    }
    for (const outcome of ['done', 'failed', 'interrupted']) {
      expect(metrics.value('openim_reconciliation_runs_total', { kind: 'resync', outcome })).toBe(0);
    }
    expect(metrics.value('openim_reconciliation_differences_total', { kind: 'joined' })).toBe(0);
    expect(metrics.value('openim_reconciliation_missed_callbacks_total')).toBe(0);
  });

  it('contain the time of the last callback of each command under its current name, denied callbacks included', async () => {
    const name = 'openim_callback_last_received_timestamp_seconds';
    const quit = 'callbackAfterQuitGroupCommand';
    const before = Date.now() / 1000;
    expect((await readMetrics(service.url)).all(name)).toEqual([]);
    await service.post(CREATE, '{', { authorization: '' });
    await service.post('callbackQuitGroupCommand', { groupID: 'g', userID: 'u' });
    await service.post('callbackAfterSendSingleMsgCommand', {});

    const metrics = await readMetrics(service.url);
    expect(metrics.all(name).map(({ labels }) => labels['command'])).toEqual([CREATE, quit, 'other']);
    for (const { value } of metrics.all(name)) {
      expect(value).toBeGreaterThanOrEqual(before);
      expect(value).toBeLessThanOrEqual(Date.now() / 1000);
    }
    expect(metrics.value('openim_callbacks_total', { command: CREATE, outcome: 'denied' })).toBe(1);
    expect(metrics.value('openim_callbacks_total', { command: 'other', outcome: 'ignored' })).toBe(1);
  });

  it('count requests without valid credentials by endpoint', async () => {
    await service.post(CREATE, fixture(CREATE, 'documented'), { authorization: `Basic ${btoa('o:wrong')}` });
    await service.post(CREATE, fixture(CREATE, 'documented'));
    await service.fetch('/admin/groups');
    await service.fetch('/admin/stats', { headers: { authorization: 'Bearer wrong' } });
    await service.admin('/groups');

    const metrics = await readMetrics(service.url);
    expect(metrics.value('openim_authentication_failures_total', { endpoint: 'callback' })).toBe(1);
    expect(metrics.value('openim_authentication_failures_total', { endpoint: 'admin' })).toBe(2);
  });

  it('show the connections of the pool, and the statements that wait for one', async () => {
    const connections = async () => {
      const metrics = await readMetrics(service.url);
      return ['busy', 'idle', 'waiting'].map((state) =>
        metrics.value('openim_database_pool_connections', { state }),
      );
    };
    await service.database.query('BEGIN');
    await service.database.query('LOCK TABLE groups');
    const callbacks = Array.from({ length: 5 }, (_, index) =>
      service.post(CREATE, { callbackCommand: CREATE, groupID: `g${index}`, ownerUserID: 'o' }),
    );
    await eventually(async () => expect((await connections()).join()).toBe('3,0,2'));
    await service.database.query('COMMIT');
    await Promise.all(callbacks);
    expect(await connections()).toEqual([0, 3, 0]);
    expect((await readMetrics(service.url)).value('openim_database_pool_size')).toBe(3);
  });

  it('contain the version', async () => {
    const { version } = JSON.parse(file('package.json')) as { version: string };
    const labels = { version, node_version: process.version };
    expect((await readMetrics(service.url)).value('openim_build_info', labels)).toBe(1);
  });

  it('have no series of the leader where OPENIM_API_URL is not set', async () => {
    expect((await readMetrics(service.url)).all('openim_reconciliation_leader')).toEqual([]);
  });
});

describe('The metrics of reconciliation', () => {
  it('count runs, differences, and callbacks that were lost, but not callbacks that were late', async () => {
    const world = await World.start([newGroup(3), newGroup(3), newGroup(3)], { RECONCILE_INTERVAL: '1s' });
    const [one, two, late] = world.groups;
    await world.runEnds(({ kind }) => kind === 'resync');
    const before = await readMetrics(world.service.url);
    expect(before.value('openim_reconciliation_leader')).toBe(1);
    expect(before.value('openim_reconciliation_runs_total', { kind: 'backfill', outcome: 'done' })).toBe(1);
    expect(before.sum('openim_reconciliation_differences_total')).toBe(0);
    const resyncedAt = before.value('openim_reconciliation_last_resync_timestamp_seconds')!;
    expect(Date.now() / 1000 - resyncedAt).toBeLessThan(5);

    late.act(step('rename'));
    await world.becomesRight();
    await world.deliver(late.callbacks);
    one.act(step('rename'));
    one.act(step('invite'));
    two.act(step('dismiss'));
    const found = async (kind: string) =>
      (await readMetrics(world.service.url)).value('openim_reconciliation_differences_total', { kind });
    await eventually(async () => expect([await found('joined'), await found('info')]).toEqual([1, 2]));
    await world.becomesRight();

    // A drift counts as a missed callback 30 s after it was found. These statements make the drifts 29 s old.
    await world.service.database.query(
      "UPDATE group_changes SET recorded_at = clock_timestamp() - interval '29 s'",
    );
    await world.service.database.query(
      "UPDATE callback_deliveries SET received_at = clock_timestamp() - interval '29 s'",
    );
    await eventually(
      async () =>
        (await readMetrics(world.service.url)).value('openim_reconciliation_missed_callbacks_total') === 2,
      50_000,
    );
    const after = await readMetrics(world.service.url);
    expect(after.value('openim_reconciliation_differences_total', { kind: 'dismissed' })).toBe(1);
    expect(after.value('openim_reconciliation_last_resync_timestamp_seconds')).toBeGreaterThan(resyncedAt);
    expect((await world.read()).missedCallbacks).toBe(2);
  }, 90_000);

  it('count failed runs and waiting groups, and show the runs in progress', async () => {
    const world = await World.start([newGroup(3), newGroup(3)], { RECONCILE_INTERVAL: '1s' });
    const value = async (name: string, labels = {}) =>
      (await readMetrics(world.service.url)).value(`openim_reconciliation_${name}`, labels);
    world.openIm.faults = { html502: true };
    const groupID = world.groups[0].groupID;
    await world.service.post(CREATE, { callbackCommand: CREATE, groupID, ownerUserID: 1 });
    await eventually(async () => expect(await value('groups_waiting')).toBe(1));
    expect(await value('runs_total', { kind: 'resync', outcome: 'failed' })).toBeGreaterThan(0);

    world.openIm.faults = { slowMs: 100 };
    await eventually(async () => expect(await value('running', { kind: 'resync' })).toBe(1));
    await eventually(async () => expect(await value('groups_waiting')).toBe(0));
  });
});

/** Reads the names in the table of metrics of docs/observability.md. */
const documented = (): string[] => {
  const page = file('docs/observability.md');
  const [rows = ''] = page.slice(page.indexOf('| metric |')).split('\n\n');
  return [...rows.matchAll(/^\| `(\w+)` \|/gm)].map(([, name]) => name!);
};

describe('The metrics', () => {
  it('have no label with the id of a group, a user or an operation', async () => {
    const world = await World.start([newGroup(5), newGroup(5)], { RECONCILE_INTERVAL: '1s' });
    for (const group of world.groups) {
      (['rename', 'join', 'kick', 'transfer', 'invite', 'mute', 'dismiss'] as const).forEach(
        (action, index) => group.act(step(action, index, index)),
      );
      await world.deliver(group.callbacks);
    }
    const { service } = world;
    await service.post(CREATE, { callbackCommand: CREATE, groupID: 'refused-group', ownerUserID: 1 });
    await service.post('callbackOfuser7', { userID: 'user7' });
    await service.post(CREATE, '{', { authorization: '', operationid: 'operation-7' });
    await service.fetch('/admin/groups/group-7', { headers: { authorization: `Bearer ${KEY}` } });
    await world.becomesRight();

    const known = [
      ...world.groups.flatMap(({ groupID, members }) => [groupID, ...members.keys()]),
      ...world.openIm.operationIDs,
      '7b1c0d9e44',
      'operation-7',
      'group-7',
      'user7',
      'refused-group',
      'callbackOfuser7',
    ];
    const { samples } = await readMetrics(service.url);
    const values = samples.flatMap(({ labels }) => Object.values(labels));
    expect(values.filter((value) => known.some((id) => value === id))).toEqual([]);
    expect(
      samples.filter(({ labels }) => ['groupID', 'userID', 'operationID'].some((id) => id in labels)),
    ).toEqual([]);
  });

  it('are those in the table of docs/observability.md', async () => {
    const service = await Service.start();
    const { names } = await readMetrics(service.url);
    await service.stop();
    expect(documented().toSorted()).toEqual(openImMetrics(names.join('\n')));
  });
});

import { setTimeout as sleep } from 'node:timers/promises';
import { TestDatabase } from '../helpers/database.js';
import { BAD_ANSWERS, FakeOpenIm, type Faults } from '../helpers/fake-openim.js';
import { differences } from '../helpers/mirror.js';
import type { OpenImGroup } from '../helpers/open-im.js';
import { eventually } from '../helpers/process.js';
import { newGroup, step } from '../helpers/world.js';
import { Freshness } from './helpers/freshness.js';
import { PostgresServer } from './helpers/postgres-server.js';
import { type Counts, Rehearsal } from './helpers/rehearsal.js';
import { Replica } from './helpers/replica.js';

const INTERVAL_S = 5;
/** Maximum delay of a change with a callback (`named`) and without one (`silent`), in ms. */
const LIMITS = { named: 3000, silent: INTERVAL_S * 1000 + 2000 };
const ROUNDS = 40;

let postgres: PostgresServer;
let database: TestDatabase;
let openIm: FakeOpenIm;
let replica: Replica;

beforeAll(async () => {
  postgres = await PostgresServer.create();
  process.env['TEST_POSTGRES'] = postgres.url;
});

beforeEach(async () => {
  openIm = await FakeOpenIm.start();
  database = await TestDatabase.create('template0');
});

afterEach(async () => {
  await replica?.remove();
  await openIm?.stop();
  await database?.drop();
});

afterAll(() => postgres?.remove());

const groupsOf = (count: number, members = 10): OpenImGroup[] =>
  Array.from({ length: count }, () => newGroup(members));

async function start(groups: OpenImGroup[]): Promise<void> {
  openIm.add(...groups);
  replica = await Replica.start(database.url, {
    ...openIm.settings,
    OPENIM_MAX_RPS: '200',
    RECONCILE_INTERVAL: `${INTERVAL_S}s`,
  });
  await eventually(async () => expect(await wrong()).toBe(0), 60_000);
}

const wrong = async (groups: Iterable<OpenImGroup> = openIm.groups.values()): Promise<number> => {
  const ours = new Set(Array.from(groups, ({ groupID }) => groupID));
  const found = await differences(database, openIm.groups.values());
  return found.filter((difference) => ours.has((difference as { groupID: string }).groupID)).length;
};

/** @returns 1 if the group is still wrong after 30 s */
const staysWrong = (group: OpenImGroup): Promise<number> =>
  eventually(async () => expect(await wrong([group])).toBe(0), 30_000).then(
    () => 0,
    () => 1,
  );

async function deliver(group: OpenImGroup): Promise<void> {
  for (const { command, body } of group.callbacks.splice(0)) {
    await fetch(`${replica.url}/callback/${command}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Basic ${btoa('openim:t')}` },
      body: JSON.stringify(body),
    });
  }
}

/**
 * Changes four groups twice a second, in turn: each change is a rename and an invitation. Half of the groups send a callback for the
 * rename, the others send no callback.
 * @returns the counts: the freshness of the mirror, and the groups that are wrong at the end
 */
async function measure(groups: OpenImGroup[]): Promise<{ faults: Counts; counts: Counts }> {
  const [named, silent] = [new Freshness(database), new Freshness(database)];
  for (let round = 0; round < ROUNDS; round += 1) {
    for (let place = 0; place < 4; place += 1) {
      const group = groups[(round * 4 + place) % groups.length]!;
      group.act(step('rename', 0, round + 1));
      group.act(step('invite', round));
      if (groups.indexOf(group) % 2 === 0) {
        named.changed(group);
        await deliver(group);
      } else {
        silent.changed(group);
        group.callbacks.splice(0);
      }
    }
    await sleep(500);
  }
  await eventually(() => Promise.resolve(named.missing + silent.missing === 0), 20_000).catch(
    () => undefined,
  );
  await sleep(INTERVAL_S * 1000);
  const faults = {
    wrong: (await wrong(groups)) + named.missing + silent.missing,
    'p99 with a callback over 3 s': named.percentile(0.99) > LIMITS.named ? 1 : 0,
    [`p99 without a callback over ${LIMITS.silent / 1000} s`]:
      silent.percentile(0.99) > LIMITS.silent ? 1 : 0,
  };
  const counts = {
    changes: named.count + silent.count,
    'p99 ms with a callback': named.percentile(0.99),
    'p99 ms without a callback': silent.percentile(0.99),
  };
  await Promise.all([named.stop(), silent.stop()]);
  return { faults, counts };
}

it.each(BAD_ANSWERS)('a failing list of members (%s) affects no other group', async (bad) => {
  const rehearsal = new Rehearsal(`Poison group: ${bad}`);
  const [poison, ...others] = groupsOf(201) as [OpenImGroup, ...OpenImGroup[]];
  await start([poison, ...others]);
  openIm.faults = { badListsOf: new Map([[poison.groupID, bad]]), alwaysFull: true };
  poison.act(step('rename', 0, 77));
  await deliver(poison);
  const { faults, counts } = await measure(others);
  openIm.faults = {};
  const ended = performance.now();
  const right = await staysWrong(poison);
  const after = Math.round(performance.now() - ended);
  expect(
    await rehearsal.end(
      'one group of 201, 160 changes of other groups meanwhile',
      { ...faults, 'this group wrong afterwards': right },
      { ...counts, 'this group right after ms': after },
    ),
  ).toEqual({});
});

it('a large group with constant callbacks affects no small group', async () => {
  const rehearsal = new Rehearsal('Busy large group');
  const [[large], small] = [[newGroup(20_000)], groupsOf(200)] as [[OpenImGroup], OpenImGroup[]];
  await start([large, ...small]);
  const ending = new AbortController();
  const busy = (async () => {
    for (let round = 0; !ending.signal.aborted; round += 1) {
      large.act(step('join', round));
      large.act(step('quit', 3 + round));
      await deliver(large);
      await sleep(200);
    }
  })();
  const { faults, counts } = await measure(small);
  ending.abort();
  await busy;
  const late = await staysWrong(large);
  expect(
    await rehearsal.end(
      '20,000 members, 5 joins and leaves a second',
      { ...faults, 'the large group wrong afterwards': late },
      counts,
    ),
  ).toEqual({});
});

it('400 new groups at once affect no other group', async () => {
  const rehearsal = new Rehearsal('400 new groups');
  const known = groupsOf(200);
  await start(known);
  const added = new Freshness(database);
  for (const group of groupsOf(400)) {
    Object.assign(group, { createTime: Date.now() });
    openIm.add(group);
    added.changed(group);
  }
  const { faults, counts } = await measure(known);
  const missing = added.missing + (await wrong());
  const slowest = added.percentile(1);
  await added.stop();
  expect(
    await rehearsal.end(
      '200 other groups change meanwhile',
      { ...faults, 'new groups wrong': missing },
      { ...counts, 'the last new group after ms': slowest },
    ),
  ).toEqual({});
});

it('the service detects that OpenIM was restored from a backup, and reads it again', async () => {
  const rehearsal = new Rehearsal('OpenIM restored');
  const groups = groupsOf(200);
  await start(groups);
  const backup = groups.map((group) => structuredClone(Object.fromEntries(Object.entries(group))));
  for (const group of groups) {
    group.act(step('rename', 0, 1));
    group.act(step('invite', 1));
    group.callbacks.splice(0);
  }
  await eventually(async () => expect(await wrong()).toBe(0), 30_000);
  const faults: Faults = { lost: new Set([groups[0]!.groupID]) };
  groups.forEach((group, index) => {
    Object.assign(group, backup[index]);
    if (index > 1) {
      group.act(step('rename', 0, 1000 + index));
      group.act(step('invite', 5));
      group.callbacks.splice(0);
    }
  });
  openIm.faults = faults;
  const began = performance.now();
  const left = await eventually(async () => expect(await wrong(groups.slice(1))).toBe(0), 60_000).then(
    () => 0,
    () => wrong(groups.slice(1)),
  );
  const after = Math.round(performance.now() - began);
  expect(
    await rehearsal.end(
      '200 groups, 198 of them at the same version as before, one lost',
      { wrong: left },
      { 'right after ms': after },
    ),
  ).toEqual({});
});

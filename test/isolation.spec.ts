import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from 'pg';
import { GroupReconciler } from '../src/reconciliation/group-reconciler/group-reconciler.service.js';
import type { ReconcileResult } from '../src/reconciliation/queue/reconcile-result.js';
import { BAD_ANSWERS } from './helpers/fake-openim.js';
import { differences } from './helpers/mirror.js';
import type { Callback, OpenImGroup } from './helpers/open-im.js';
import { becomesEmpty, eventually } from './helpers/process.js';
import { inItsOwnWorld, newGroup, step, World } from './helpers/world.js';

afterEach(() => World.endAll());

/**
 * Maximum delay of other groups by the fault of one, beside the interval of resyncs, in ms: less than one request that hangs takes (15 s), and
 * more than OpenIM's caches (5 s) and a busy machine take together.
 */
const TOLERANCE_MS = 12_000;

const groupsOf = (count: number) => Array.from({ length: count }, () => newGroup(3));

/** Changes each group in OpenIM without a callback. */
function changeSilently(groups: Iterable<OpenImGroup>): void {
  for (const group of groups) {
    group.act(step('rename', 0, group.version));
    group.act(step('invite', 3));
    group.callbacks.splice(0);
  }
}

const differingOf = async (world: World, groups: OpenImGroup[]) =>
  (await differences(world.service.database, world.openIm.groups.values())).filter((difference) =>
    groups.some(({ groupID }) => groupID === (difference as { groupID: string }).groupID),
  );

/** Waits until these groups equal OpenIM. @returns the duration in ms */
async function becomeRight(world: World, groups: OpenImGroup[], withinMs = 30_000): Promise<number> {
  const start = Date.now();
  await becomesEmpty(() => differingOf(world, groups), withinMs);
  return Date.now() - start;
}

const staleReasons = async (world: World, groups: OpenImGroup[]) =>
  (
    await world.service.database.query(
      'SELECT stale_reason FROM groups WHERE group_id = ANY ($1) AND stale_since IS NOT NULL',
      [groups.map(({ groupID }) => groupID)],
    )
  ).map((row) => row['stale_reason']);

describe('A group whose list of members always fails', () => {
  it.concurrent(
    `delays no other group, with a group of each kind at once: ${BAD_ANSWERS.join(', ')}`,
    inItsOwnWorld(async () => {
      const [poisons, others] = [groupsOf(BAD_ANSWERS.length), groupsOf(30)];
      const world = await World.start([...poisons, ...others], { RECONCILE_INTERVAL: '1s' });
      const badListsOf = new Map(poisons.map(({ groupID }, index) => [groupID, BAD_ANSWERS[index]!]));
      world.openIm.faults = { badListsOf, alwaysFull: true };
      const added = newGroup(3, Date.now());
      world.openIm.add(added);
      for (let round = 0; round < 3; round += 1) {
        changeSilently([...poisons, ...others]);
        expect(await becomeRight(world, [...others, added])).toBeLessThan(1000 + TOLERANCE_MS);
      }
      await eventually(
        async () => expect(await staleReasons(world, poisons)).toHaveLength(poisons.length),
        25_000,
      );
      expect(await staleReasons(world, poisons)).toEqual(
        poisons.map(() => expect.stringMatching(/^it could not be read from OpenIM: /)),
      );
      world.openIm.faults = {};
      expect(await becomeRight(world, poisons)).toBeLessThan(15_000);
    }),
  );

  it.concurrent(
    'is counted by the run, which ends, and has a row though it was never read',
    inItsOwnWorld(async () => {
      const world = await World.start([]);
      world.shortenRetryDelay();
      const groups = groupsOf(5);
      world.openIm.add(...groups);
      world.openIm.faults = { badListsOf: new Map([[groups[2]!.groupID, 'not found']]) };
      expect(await world.reconcile()).toMatchObject({
        state: 'done',
        groups: 5,
        groupsFailed: 1,
        problem: `1 groups failed and are retried, such as ${groups[2]!.groupID}: OpenIM refused /group/get_group_member_list: 1004 RecordNotFoundError`,
      });
      const { status, body } = await world.service.admin(`/groups/${groups[2]!.groupID}`);
      expect([status, body]).toEqual([
        200,
        expect.objectContaining({
          memberCount: 0,
          verifiedAt: null,
          staleReason: expect.stringContaining('1004 RecordNotFoundError'),
        }),
      ]);
    }),
  );
});

describe('A group that PostgreSQL cannot write', () => {
  it.concurrent(
    'delays no other group while its row is locked',
    inItsOwnWorld(async () => {
      const groups = groupsOf(60);
      const world = await World.start(groups, { RECONCILE_INTERVAL: '1s' });
      const [locked, ...others] = groups.toSorted((one, other) => one.groupID.localeCompare(other.groupID));
      const client = new Client({ connectionString: world.service.database.url });
      await client.connect();
      await client.query('BEGIN');
      await client.query('SELECT FROM groups WHERE group_id = $1 FOR UPDATE', [locked!.groupID]);
      changeSilently(groups);
      expect(await becomeRight(world, others)).toBeLessThan(1000 + TOLERANCE_MS);
      changeSilently(others);
      expect(await becomeRight(world, others)).toBeLessThan(1000 + TOLERANCE_MS);
      await client.query('ROLLBACK');
      await client.end();
      expect(await becomeRight(world, groups)).toBeLessThan(15_000);
    }),
  );

  it.concurrent.each([
    ['its statement exceeds the time limit', '57014'],
    ['its statement always conflicts with another writer', '40001'],
    ['its values are refused', '22003'],
  ])(
    'delays no other group while %s',
    inItsOwnWorld(async (_, sqlState) => {
      const groups = groupsOf(20);
      const [poison, ...others] = groups;
      const world = await World.start(groups, { RECONCILE_INTERVAL: '1s' });
      await world.service.database.query(`
      CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN RAISE EXCEPTION 'rejected' USING ERRCODE = '${sqlState}'; END $$;
      CREATE TRIGGER refuse BEFORE UPDATE ON groups FOR EACH ROW WHEN (OLD.group_id = '${poison!.groupID}')
        EXECUTE FUNCTION refuse()`);
      changeSilently(groups);
      expect(await becomeRight(world, others)).toBeLessThan(1000 + TOLERANCE_MS);
      await world.service.database.query('DROP TRIGGER refuse ON groups');
      expect(await becomeRight(world, groups)).toBeLessThan(15_000);
    }),
  );
});

describe('An answer of OpenIM of another shape', () => {
  it.concurrent(
    'is read where numbers are texts',
    inItsOwnWorld(async () => {
      const world = await World.start(groupsOf(3), { RECONCILE_INTERVAL: '1s' });
      world.openIm.faults = { numbersAsTexts: true };
      changeSilently(world.groups);
      world.groups[0].act(step('mute', 1, 5));
      world.openIm.add(newGroup(3, Date.now()));
      expect(await world.becomesRight()).toBeLessThan(1000 + TOLERANCE_MS);
    }),
  );

  it.concurrent.each(['memberCount', 'status', 'roleLevel', 'muteEndTime', 'groupName', 'createTime'])(
    'is not used where it lacks %s',
    inItsOwnWorld(async (field) => {
      const world = await World.start(groupsOf(1));
      const [group] = world.groups;
      group.act(step('muteGroup'));
      group.act(step('mute', 1, 5));
      world.openIm.faults = { withoutField: field };
      expect(await world.post(`/groups/${group.groupID}/refresh`)).toMatchObject({
        status: 200,
        body: { state: 'failed', reason: expect.stringContaining(`${field} of a`), drift: [] },
      });
      expect(await staleReasons(world, [group])).toEqual([expect.stringContaining(field)]);
      world.openIm.faults = {};
      await world.post(`/groups/${group.groupID}/refresh`);
      await world.expectTruth();
    }),
  );
});

it('A group that makes the list of groups fail hides no other group', async () => {
  const groups = groupsOf(40);
  const world = await World.start(groups, { RECONCILE_INTERVAL: '1s' });
  world.openIm.faults = { badInList: groups[7]!.groupID };
  changeSilently(groups);
  const added = newGroup(3, Date.now());
  world.openIm.add(added);
  expect(await becomeRight(world, [...groups, added])).toBeLessThan(1000 + TOLERANCE_MS);
});

/** A callback which says that members were removed. */
function claimOfKick({ groupID }: OpenImGroup, ...kickedUserIDs: string[]): Callback {
  const command = 'callbackAfterKickGroupCommand';
  return { command, body: { callbackCommand: command, groupID, kickedUserIDs, reason: '' } };
}

const requestsTo = (world: World, path: string) =>
  world.openIm.requests.filter((requested) => requested === path).length;
const lists = (world: World) => requestsTo(world, '/group/get_group_member_list');
const pages = (world: World) => requestsTo(world, '/group/get_groups');

describe('A large group', () => {
  it.concurrent(
    'is verified by a full snapshot while members join and leave',
    inItsOwnWorld(async () => {
      const world = await World.start([newGroup(9000)]);
      const [group] = world.groups;
      world.openIm.faults = { slowMs: 60 };
      const end = new AbortController();
      const changing = (async () => {
        for (let round = 0; !end.signal.aborted; round += 1) {
          group.members.delete(`m${String(round * 7).padStart(6, '0')}`);
          group.changes.push({
            version: (group.version += 1),
            userID: `m${String(round * 7).padStart(6, '0')}`,
          });
          group.act(step('invite', round));
          group.act(step('quit', 3));
          await sleep(100);
        }
      })();
      await sleep(100);
      const { body } = await world.post(`/groups/${group.groupID}/refresh`);
      end.abort();
      await changing;
      expect(body).toMatchObject({ state: 'verified' });
      group.callbacks.splice(0);
      world.openIm.faults = {};
      await world.post(`/groups/${group.groupID}/refresh`);
      await world.expectTruth();
    }),
  );

  it.concurrent(
    'needs no list of members for a callback without news, or with a false claim',
    inItsOwnWorld(async () => {
      const world = await World.start([newGroup(6000)], { RECONCILE_INTERVAL: '1s' });
      const [group] = world.groups;
      group.act(step('quit', 1));
      const quit = group.callbacks.at(-1)!;
      await world.deliver(group.callbacks.splice(0));
      await world.becomesRight();
      await sleep(6500);
      const before = lists(world);
      await world.deliver([quit]);
      await world.deliver([claimOfKick(group, 'm000100', 'm000200')]);
      await world.becomesRight();
      await eventually(async () => {
        const rows = await world.service.database.query(
          'SELECT FROM groups WHERE last_callback_at > verified_at',
        );
        return rows.length === 0;
      });
      expect(lists(world) - before).toBe(0);
    }),
  );

  it.concurrent(
    'needs no list where the window of the caches ends while it is being reconciled',
    inItsOwnWorld(async () => {
      const world = await World.start([newGroup(6000)]);
      const [group] = world.groups;
      const before = lists(world);
      await world.deliver([claimOfKick(group, 'm000100')]);
      const { database } = world.service;
      const blocker = new Client({ connectionString: database.url });
      await blocker.connect();
      await blocker.query(
        "SELECT pg_sleep_until(last_callback_at + interval '4.7 seconds') FROM groups; BEGIN; LOCK TABLE groups",
      );
      const results: ReconcileResult[] = [];
      const reconciling = world.service.app
        .get(GroupReconciler)
        .reconcile([group.groupID], { priority: 'callback' }, (result) => results.push(result));
      await sleep(600);
      await blocker.query('COMMIT');
      await blocker.end();
      await reconciling;
      expect(results).toMatchObject([{ state: 'tooRecent' }]);
      expect(lists(world) - before).toBe(0);
    }),
  );

  it.concurrent(
    'delays small groups neither after callbacks nor in resyncs',
    inItsOwnWorld(async () => {
      const [large, ...small] = [newGroup(8000), ...groupsOf(20)];
      const world = await World.start([large, ...small], { RECONCILE_INTERVAL: '1s' });
      world.openIm.faults = { slowMs: 50, alwaysFull: true };
      const end = new AbortController();
      const busy = (async () => {
        for (let round = 0; !end.signal.aborted; round += 1) {
          large.act(step('join', round));
          large.act(step('quit', 3 + round));
          await world.deliver(large.callbacks.splice(0));
          await sleep(200);
        }
      })();
      await sleep(2000);
      for (const group of small.slice(0, 5)) {
        group.act(step('invite', 1));
        group.act(step('rename', 1, 5));
        await world.deliver(group.callbacks.splice(0));
      }
      const named = await becomeRight(world, small.slice(0, 5));
      changeSilently(small);
      const silent = await becomeRight(world, small);
      end.abort();
      await busy;
      expect(named).toBeLessThan(TOLERANCE_MS);
      expect(silent).toBeLessThan(1000 + TOLERANCE_MS);
    }),
  );
});

describe('Runs', () => {
  it.concurrent(
    'find changed and new groups by resyncs while a full run takes long',
    inItsOwnWorld(async () => {
      const world = await World.start(groupsOf(3), { RECONCILE_INTERVAL: '3s', OPENIM_MAX_RPS: '40' });
      const known = world.groups;
      world.openIm.add(...groupsOf(800));
      const before = pages(world);
      await world.post('/reconciliation');
      // The full run lists its groups, on three pages, before the first resync: it does not know the group that is added now.
      await eventually(async () => pages(world) - before >= 3);
      const added = newGroup(3, Date.now());
      world.openIm.add(added);
      changeSilently(known);
      await becomeRight(world, [...known, added]);
      expect((await world.read()).runs).toContainEqual(
        expect.objectContaining({ kind: 'full', state: 'running' }),
      );
    }),
  );

  it.concurrent(
    'that are requested wait during an outage of OpenIM, and are done after it',
    inItsOwnWorld(async () => {
      const world = await World.start(groupsOf(3));
      world.openIm.faults = { html502: true };
      const run = await world.tryToReconcile();
      expect(run).toMatchObject({
        state: 'requested',
        kind: 'full',
        problem: expect.stringContaining('HTTP 502'),
      });
      world.openIm.faults = {};
      changeSilently(world.groups);
      expect(await world.runEnds(({ id }) => id === run.id)).toMatchObject({ state: 'done', problem: null });
      await world.expectTruth();
    }),
  );

  it('need one request for all groups without an owner', async () => {
    const groups = groupsOf(15);
    groups.forEach((group) => group.act(step('demote')));
    const world = await World.start(groups, { RECONCILE_INTERVAL: '1s' });
    // The first resyncs also read each of them once.
    await world.runEnds(({ kind, state, requests }) => kind === 'resync' && state === 'done' && requests < 5);
    await world.expectTruth();
    expect((await world.read()).drift).toEqual([]);
  });
});

describe('The restore of OpenIM from a backup', () => {
  it('is detected, and every group is read again', async () => {
    const groups = groupsOf(12);
    const world = await World.start(groups, { RECONCILE_INTERVAL: '1s' });
    const backup = new Map(
      groups.map((group) => [group, structuredClone(Object.fromEntries(Object.entries(group)))]),
    );
    changeSilently(groups);
    await world.becomesRight();
    // All groups but one change as often after the restore as between backup and restore: their versions are the same.
    for (const [index, group] of groups.entries()) {
      Object.assign(group, backup.get(group));
      if (index > 0) {
        group.act(step('rename', 0, 1000 + index));
        group.act(step('invite', 5));
      }
    }
    expect(await becomeRight(world, groups)).toBeLessThan(15_000);
    expect(world.service.log).toContainEqual(
      expect.objectContaining({ msg: expect.stringMatching(/^OpenIM shows an older state than before/) }),
    );
  });
});

describe('A clock of PostgreSQL that is set back by an hour', () => {
  it('leaves no group different from OpenIM', async () => {
    const world = await World.start(groupsOf(3), { RECONCILE_INTERVAL: '1s' });
    await world.service.database.query(`
      UPDATE groups SET verified_at = verified_at + interval '1 hour', last_callback_at = now() + interval '1 hour', as_of = as_of + interval '2 days'`);
    await world.service.database.query("UPDATE group_members SET as_of = as_of + interval '2 days'");
    changeSilently(world.groups);
    world.groups[1].act(step('kick', 1, 1));
    const [group] = world.groups;
    expect(await world.post(`/groups/${group.groupID}/refresh`)).toMatchObject({
      body: { state: 'verified' },
    });
    expect(await differingOf(world, [group])).toEqual([]);
    expect(await becomeRight(world, world.groups)).toBeLessThan(1000 + TOLERANCE_MS);
    const ahead = await world.service.database.query(
      'SELECT FROM groups WHERE greatest(verified_at, last_callback_at, as_of) > now()',
    );
    expect(ahead).toEqual([]);
  });
});

// At the end of the file, when no other test runs: it measures a time.
it('A resync requests the versions of many groups by a few concurrent chunks', async () => {
  const world = await World.start(groupsOf(650), { RECONCILE_INTERVAL: '10s' });
  world.openIm.faults = { slowMs: 1500 };
  const { id } = (await world.read()).runs[0]!;
  const run = await world.runEnds(({ kind, ...other }) => kind === 'resync' && other.id > id);
  expect(Date.parse(run.endedAt!) - Date.parse(run.startedAt)).toBeLessThan(6000);
}, 120_000);

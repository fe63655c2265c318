import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { GroupSyncService } from '../src/groups/group-sync.service.js';
import { toJsonText } from '../src/groups/statements/json-text.js';
import type { RefreshDto } from '../src/reconciliation/reconciliation.dto.js';
import { CallbackQueue } from './helpers/callback-queue.js';
import type { Faults } from './helpers/fake-openim.js';
import { differences, mirrorOf, truthOf } from './helpers/mirror.js';
import { OpenImGroup } from './helpers/open-im.js';
import { eventually } from './helpers/process.js';
import { inItsOwnWorld, newGroup, step, World } from './helpers/world.js';

afterEach(() => World.endAll());

describe('A new mirror', () => {
  it('is filled by a backfill with the groups that exist in OpenIM', async () => {
    const dismissed = newGroup();
    const groups = [
      newGroup(),
      newGroup(2500),
      newGroup(999),
      ...Array.from({ length: 700 }, () => newGroup()),
    ];
    const world = await World.start([...groups, dismissed]);
    await world.expectTruth();
    const { state, runs, missedCallbacks, drift } = await world.read();
    expect(state).toBe('idle');
    expect(runs).toMatchObject([{ kind: 'backfill', groups: 704, groupsRead: 704, problem: null }]);
    expect([missedCallbacks, drift]).toEqual([0, []]);
    expect(await world.timeline(groups[1]!.groupID)).toEqual([
      'Reconciliation found: the group, with 2503 members',
    ]);
    const { body } = await world.service.admin<{ verifiedAt: string | null }>(
      `/groups/${groups[1]!.groupID}`,
    );
    expect(body.verifiedAt).not.toBeNull();
  });
});

describe('A resync without changes', () => {
  it('requests the newest groups, and the versions of 300 groups at once', async () => {
    const world = await World.start(
      Array.from({ length: 1000 }, () => newGroup()),
      { RECONCILE_INTERVAL: '1s' },
    );
    await world.runEnds(({ kind }) => kind === 'resync');
    const before = world.openIm.requests.length;
    const { id } = (await world.read()).runs[0]!;
    const run = await world.runEnds(({ kind, ...other }) => kind === 'resync' && other.id > id);
    expect(run).toMatchObject({ groups: 1000, groupsRead: 0, members: 0, differences: 0, requests: 5 });
    const first = world.openIm.requests.indexOf('/group/get_groups', before); // another resync may have begun before
    expect(world.openIm.requests.slice(first, first + 5)).toEqual([
      '/group/get_groups',
      ...Array.from({ length: 4 }, () => '/group/get_incremental_group_members_batch'),
    ]);
  }, 120_000);
});

describe('The list of runs', () => {
  it('has a run that has not ended, however many resyncs began after it', async () => {
    const world = await World.start([], { RECONCILE_INTERVAL: '1h' });
    await world.runEnds(({ kind }) => kind === 'backfill');
    await world.service.database.query(`
      INSERT INTO reconciliation_runs (id, kind, state, started_at)
      SELECT gen_random_uuid(), 'resync', 'done', now() + n * interval '1 min' FROM generate_series(1, 20) AS n
      UNION ALL SELECT gen_random_uuid(), 'full', 'running', now() - interval '1 h'`);

    const { state, runs } = await world.read();
    expect([state, runs.length]).toEqual(['running', 21]);
    expect(runs.at(-1)).toMatchObject({ kind: 'full', state: 'running' });
  });
});

describe('Without callbacks the mirror', () => {
  it.concurrent(
    'finds changes that no version reports by the full snapshot of a group each half a day',
    inItsOwnWorld(async () => {
      const world = await World.start([newGroup(3)], { RECONCILE_INTERVAL: '1s' });
      const [group] = world.groups;
      group.members.get('u1')!.nickname = 'other';
      await sleep(2500);
      expect((await mirrorOf(world.service.database)).get(group.groupID)).not.toEqual(truthOf(group));
      await world.service.database.query(
        "UPDATE groups SET full_snapshot_at = full_snapshot_at - interval '13 hours'",
      );
      await world.becomesRight();
    }),
  );

  it.concurrent(
    'equals OpenIM within two intervals',
    inItsOwnWorld(async () => {
      const world = await World.start([newGroup(5), newGroup(5), newGroup(5)], { RECONCILE_INTERVAL: '1s' });
      const [one, two, three] = world.groups;
      one.act(step('rename'));
      one.act(step('kick', 3));
      two.act(step('dismiss'));
      three.act(step('invite'));
      three.act(step('muteGroup'));
      three.act(step('mute'));
      world.openIm.add(newGroup(3, Date.now()));
      expect(await world.becomesRight()).toBeLessThan(6000);
      expect(await world.timeline(three.groupID)).toEqual([
        expect.stringMatching(
          /^Reconciliation found: the status had changed from 0 to 3; u\d had joined; other fields had changed of u1$/,
        ),
        'Reconciliation found: the group, with 8 members',
      ]);
      // Lost are the callbacks of a rename, a kick of several members, a dismissal and a creation. An invitation and mutes have none.
      expect((await world.read()).missedCallbacks).toBe(4);
    }),
  );
});

describe('With callbacks the mirror', () => {
  it.concurrent(
    'equals OpenIM within seconds during a long full run',
    inItsOwnWorld(async () => {
      const world = await World.start(
        Array.from({ length: 400 }, () => newGroup(3)),
        { OPENIM_MAX_RPS: '50' },
      );
      const [group] = world.groups;
      await world.post('/reconciliation');
      await eventually(async () => ((await world.read()).runs[0]?.requests ?? 0) > 20);
      group.act(step('invite'));
      group.act(step('rename'));
      const [took] = await Promise.all([world.becomesRight(), world.deliver(group.callbacks)]);
      expect(took).toBeLessThan(6000);
      expect(await world.read()).toMatchObject({ state: 'running', runs: [{ kind: 'full' }, {}] });
    }),
  );

  it.concurrent(
    'shows an invitation, which has no callback, within seconds of any callback of the group',
    inItsOwnWorld(async () => {
      const world = await World.start([newGroup(5)]);
      const [group] = world.groups;
      group.act(step('invite'));
      group.act(step('rename'));
      const [took] = await Promise.all([world.becomesRight(), world.deliver(group.callbacks)]);
      expect(took).toBeLessThan(6000);
      expect((await world.read()).missedCallbacks).toBe(0);
    }),
  );
});

describe('A hint', () => {
  it.concurrent.each([
    [
      'by the notification of an invitation',
      'callbackAfterSendGroupMsgCommand',
      { contentType: 1509, content: '' },
    ],
    [
      'by a join that names the inviter only',
      'callbackAfterJoinGroupCommand',
      { joinSource: 2, inviterUserID: 'u0' },
    ],
  ])(
    '%s shows the new member within seconds',
    inItsOwnWorld(async (_, command, fields) => {
      const world = await World.start([newGroup(5)]);
      const [group] = world.groups;
      group.act(step('invite'));
      const body = { callbackCommand: command, groupID: group.groupID, ...fields };
      const [took] = await Promise.all([world.becomesRight(), world.deliver([{ command, body }])]);
      expect(took).toBeLessThan(6000);
      const { items } = (await world.service.admin<{ items: object[] }>(`/deliveries?command=${command}`))
        .body;
      expect(items).toMatchObject([{ outcome: 'applied', problems: null, groupID: group.groupID }]);
    }),
  );

  it.concurrent(
    'by a change of a user shows the new name in every group of the user within the interval',
    inItsOwnWorld(async () => {
      const world = await World.start([newGroup(3), newGroup(3), newGroup()], { RECONCILE_INTERVAL: '1s' });
      const command = 'callbackAfterUpdateUserInfoExCommand';
      const shown = world.groups.slice(0, 2);
      shown.forEach((group) => (group.members.get('m000001')!.nickname = 'new'));
      const body = { callbackCommand: command, userID: 'm000001', nickName: 'new', faceURL: null };
      await world.deliver([{ command, body }]);
      expect(await world.becomesRight()).toBeLessThan(15_000);
      await eventually(
        async () =>
          (await world.service.database.query('SELECT FROM groups WHERE stale_since IS NOT NULL')).length ===
          0,
      );
    }),
  );
});

const membersOf = async (world: World, { groupID }: { groupID: string }) =>
  (await mirrorOf(world.service.database)).get(groupID)!.members.map((member) => member.split(':')[0]);

describe('A callback', () => {
  it('that arrives during a snapshot of its group stays applied, and the group is read again', async () => {
    const world = await World.start([newGroup(3)]);
    const { openIm, groups } = world;
    const [group] = groups;
    openIm.freeze();
    openIm.faults = { slowMs: 400 };
    const refreshed = world.post(`/groups/${group.groupID}/refresh`);
    group.act(step('quit', 1));
    await sleep(600);
    await world.deliver(group.callbacks);
    expect(await refreshed).toMatchObject({ status: 200, body: { state: 'verified', drift: [] } });
    expect(await membersOf(world, group)).not.toContain('u2');
    openIm.faults = {};
    openIm.thaw();
    await eventually(async () => {
      const [row] = await world.service.database.query(
        'SELECT last_callback_at <= verified_at AS is_verified FROM groups',
      );
      return row?.['is_verified'] === true;
    });
    await world.expectTruth();
  });

  it('wins for five seconds while OpenIM shows the state before it', async () => {
    const world = await World.start([newGroup(3)]);
    const [group] = world.groups;
    world.openIm.freeze();
    group.act(step('quit', 1));
    await world.deliver(group.callbacks);
    for (const end = Date.now() + 3500; Date.now() < end; await sleep(100)) {
      expect(await membersOf(world, group)).not.toContain('u2');
    }
    world.openIm.thaw();
    await world.becomesRight();
  });

  it.concurrent.each<[string, ...'rename'[]]>([['no later change'], ['a later change', 'rename']])(
    'that is late is corrected by OpenIM with %s of the group',
    inItsOwnWorld(async (_, ...others) => {
      const world = await World.start([newGroup(3)]);
      const [group] = world.groups;
      group.act(step('quit', 1));
      group.act(step('invite', 0));
      await world.post(`/groups/${group.groupID}/refresh`);
      await world.expectTruth();
      await world.deliver(group.callbacks);
      expect(await membersOf(world, group)).not.toContain('u2');
      others.forEach((other) => group.act(step(other)));
      await world.becomesRight();
    }),
  );

  it.concurrent(
    'of a join wins for five seconds over a full snapshot too',
    inItsOwnWorld(async () => {
      const world = await World.start([newGroup(3)]);
      const [group] = world.groups;
      world.openIm.freeze();
      group.act(step('join', 1));
      const joined = group.callbacks.at(-1)!.body['inviterUserID'];
      await world.deliver(group.callbacks);
      expect(await world.post(`/groups/${group.groupID}/refresh`)).toMatchObject({
        body: { state: 'tooRecent', drift: [] },
      });
      expect(await membersOf(world, group)).toContain(joined);
      world.openIm.thaw();
      await eventually(async () => {
        const rows = await world.service.database.query(
          'SELECT FROM groups WHERE last_callback_at > verified_at',
        );
        return rows.length === 0;
      });
      await world.expectTruth();
    }),
  );

  it.concurrent(
    'that is late is corrected by OpenIM though the number of members is right',
    inItsOwnWorld(async () => {
      const world = await World.start([newGroup(3)]);
      const [group] = world.groups;
      group.act(step('promote', 1, 0));
      const late = group.callbacks.splice(0);
      group.act(step('promote', 1, 1));
      await world.post(`/groups/${group.groupID}/refresh`);
      await world.deliver(late);
      const [before] = await differences(world.service.database, world.groups);
      expect(before).toBeDefined();
      group.act(step('rename'));
      expect(await world.becomesRight()).toBeLessThan(10_000);
    }),
  );

  it.concurrent(
    'that is replayed changes no row of a group with a later snapshot, also none that the snapshot did not write',
    inItsOwnWorld(async () => {
      const world = await World.start([newGroup(3)]);
      const [{ groupID }] = world.groups;
      await world.service.database.query("UPDATE group_members SET as_of = as_of - interval '1 hour'");
      const quit = { userIDs: ['u2'], cause: 'quit' as const, reason: '' };
      const receivedAt = new Date(Date.now() - 60_000);
      const groupSync = world.service.app.get(GroupSyncService);
      expect(await groupSync.leaveGroup({ groupID, change: toJsonText(quit), receivedAt })).toBe('unchanged');
      await world.expectTruth();
    }),
  );

  it.concurrent(
    'of a time before the last snapshot changes nothing',
    inItsOwnWorld(async () => {
      const world = await World.start([]);
      const group = new OpenImGroup('late', Date.now() - 60_000);
      const [creation] = group.callbacks.splice(0);
      group.act(step('join'));
      await world.deliver(group.callbacks);
      group.act(step('quit', 2));
      group.act(step('quit', 1));
      world.openIm.add(group);
      await world.reconcile();
      await world.expectTruth();
      // The creation is late, and the join is replayed.
      await world.deliver([creation!]);
      const { body } = await world.service.admin<{ items: { id: string }[] }>(
        '/deliveries?command=callbackAfterJoinGroupCommand',
      );
      expect(await world.post(`/deliveries/${body.items[0]!.id}/replay`)).toMatchObject({
        status: 200,
        body: { outcome: 'unchanged' },
      });
      await world.expectTruth();
    }),
  );
});

describe('A snapshot', () => {
  it.concurrent(
    'follows a delta that does not lead to the number of members in OpenIM',
    inItsOwnWorld(async () => {
      const world = await World.start([newGroup(3)]);
      const [group] = world.groups;
      await world.service.database.query("DELETE FROM group_members WHERE user_id = 'm000001'");
      group.act(step('rename'));
      await world.deliver(group.callbacks);
      expect(await world.becomesRight()).toBeLessThan(6000);
    }),
  );

  it.concurrent(
    'has a user once whom OpenIM reports twice',
    inItsOwnWorld(async () => {
      const world = await World.start([newGroup(3)]);
      const [group] = world.groups;
      world.openIm.faults = { reportsTwice: true };
      group.act(step('invite'));
      group.act(step('rename'));
      await world.deliver(group.callbacks);
      expect(await world.becomesRight()).toBeLessThan(6000);
    }),
  );

  it('includes the changes during its requests', async () => {
    const world = await World.start([newGroup(3)]);
    const { openIm, groups } = world;
    const [group] = groups;
    openIm.faults = { slowMs: 300 }; // the version at 300 ms, the list at 600, the changes since at 900
    const refreshed = world.post(`/groups/${group.groupID}/refresh`);
    await sleep(750);
    group.act(step('quit', 1));
    group.act(step('invite', 5));
    group.act(step('rename'));
    expect(await refreshed).toMatchObject({ body: { state: 'verified' } });
    await world.expectTruth();
  });

  it('that began before the last verified one changes nothing', async () => {
    const world = await World.start([newGroup(3)]);
    const groupSync = world.service.app.get(GroupSyncService);
    const [{ groupID, versionID, version }] = world.groups;
    const empty = {
      versionID,
      version,
      members: [],
      left: [],
      verified: true,
      whole: true,
      complete: true,
      confirmed: true,
      reason: null,
    };
    const snapshot = {
      groupID,
      change: toJsonText({ ...empty, watchedSince: null }),
      receivedAt: new Date(Date.now() - 60_000),
    };
    expect(await groupSync.reconcileGroup(snapshot)).toMatchObject({ outcome: 'outdated', drift: [] });
    await world.expectTruth();
    expect(await groupSync.compareGroup({ ...snapshot, receivedAt: new Date() })).toMatchObject({
      outcome: 'verified',
      drift: [{ kind: 'left', differences: 6 }],
    });
    await world.expectTruth();
  });
});

describe('Many members who leave by one snapshot', () => {
  it('leave if a second snapshot agrees', async () => {
    const world = await World.start([newGroup(120)]);
    const [group] = world.groups;
    [...group.members.keys()].slice(3, 103).forEach((userID) => group.members.delete(userID));
    group.act(step('rename'));
    expect(await world.post(`/groups/${group.groupID}/refresh`)).toMatchObject({
      body: { state: 'verified' },
    });
    await world.expectTruth();
    expect(world.service.log).toContainEqual(
      expect.objectContaining({ msg: 'Many members would leave by one snapshot; a second one is taken' }),
    );
  });

  it('stay if a second snapshot disagrees', async () => {
    const world = await World.start([newGroup(120)]);
    const { openIm, groups } = world;
    const [group] = groups;
    const all = new Map(group.members);
    [...all.keys()].slice(3, 103).forEach((userID) => group.members.delete(userID));
    openIm.freeze();
    all.forEach((member, userID) => group.members.set(userID, member));
    setTimeout(() => openIm.thaw(), 700);
    expect(await world.post(`/groups/${group.groupID}/refresh`)).toMatchObject({
      body: { state: 'unverified' },
    });
    await world.expectTruth();
  });
});

describe('The mirror', () => {
  it('equals OpenIM though the queue of OpenIM drops callbacks', async () => {
    const groups = Array.from({ length: 40 }, () => newGroup(6));
    const world = await World.start(groups, { RECONCILE_INTERVAL: '2s' });
    const queue = new CallbackQueue(({ command, body }) => world.service.post(command, body));
    for (let round = 0; round < 10; round += 1) {
      for (const [index, group] of groups.entries()) {
        group.act(
          step(
            (['invite', 'join', 'kick', 'promote', 'rename', 'transfer'] as const)[(index + round) % 6]!,
            index,
            round,
          ),
        );
        queue.push(...group.callbacks.splice(0));
      }
    }
    await queue.idle();
    expect(queue.dropped).toBeGreaterThan(50);
    await world.becomesRight();
    const { missedCallbacks, receivedCallbacks } = await world.read();
    expect(missedCallbacks).toBeGreaterThan(20);
    expect(receivedCallbacks).toBe(queue.sent);
  });
});

const FAULTS: Record<string, Faults | 'stale' | 'lost'> = {
  'Pages of groups that skip one': { groupPagesSkip: true },
  'Pages of members that skip one': { memberPagesSkip: true },
  'Lists that end early': { listsEndEarly: true },
  'Lists that lack a member, with a matching total': { listsAreShort: true },
  'Lists that are empty, with a total of 0': { listsAreEmpty: true },
  'Batches without changes': { alwaysFull: true },
  'Batches that leave groups out': { missingKeys: true },
  'Batches that fail for a dismissed group': { dismissedFailsBatch: true },
  'Tokens that expire': { evictTokens: true },
  'Pages of a proxy': { html502: true },
  'Internal errors': { internalErrors: true },
  'Answers that break off': { brokenOff: true },
  'Slow answers': { slowMs: 300 },
  'Stale caches': 'stale',
  'Groups that OpenIM does not show': 'lost',
};

async function outcomeOf(fault: Faults | 'stale' | 'lost') {
  const world = await World.start([newGroup(120), newGroup(3), newGroup(1100), newGroup(5), newGroup(2)]);
  const { openIm, groups } = world;
  if (fault === 'stale') {
    openIm.freeze();
  } else {
    openIm.faults = fault === 'lost' ? { lost: new Set(openIm.groups.keys()) } : fault;
  }
  groups.forEach((group, index) => {
    group.act(step('kick', 7));
    group.act(step('invite', index));
    group.act(step(index === 3 ? 'dismiss' : 'promote', 1));
  });
  groups[0].act(step('rename', 0, 7));
  await world.deliver(groups[0].callbacks);
  openIm.add(newGroup(4, Date.now()));
  await world.tryToReconcile();
  const mirror = await mirrorOf(world.service.database);
  const removed = groups.flatMap(({ groupID, members }) => {
    const present = new Set(mirror.get(groupID)!.members.map((member) => member.split(':')[0]));
    return [...members.keys()].filter((userID) => userID.startsWith('m') && !present.has(userID));
  });
  openIm.faults = {};
  openIm.thaw();
  await world.reconcile();
  return { removed, differing: await differences(world.service.database, openIm.groups.values()) };
}

describe('During faults of OpenIM', () => {
  /** The members wrongly removed during each fault, and the groups that differed after it. */
  const outcomes = new Map<string, { removed: string[]; differing: object[] }>();

  beforeAll(async () => {
    await Promise.all(
      Object.keys(FAULTS).map(async (fault) => outcomes.set(fault, await outcomeOf(FAULTS[fault]!))),
    );
    await World.endAll();
  }, 240_000);

  it.each(Object.keys(FAULTS))('%s remove no member, and the mirror equals OpenIM afterwards', (fault) => {
    expect(outcomes.get(fault)).toEqual({ removed: [], differing: [] });
  });
});

describe('A group that cannot be read', () => {
  it.concurrent(
    'delays no other group where OpenIM refuses its members',
    inItsOwnWorld(async () => {
      const groups = Array.from({ length: 5 }, () => newGroup(3));
      const world = await World.start([]);
      world.shortenRetryDelay();
      world.openIm.add(...groups);
      world.openIm.faults = { refusesMembersOf: new Set([groups[2]!.groupID]) };
      expect(await world.reconcile()).toMatchObject({
        state: 'done',
        problem: expect.stringMatching(/^1 groups failed and are retried, such as /),
      });
      expect(await differences(world.service.database, groups)).toHaveLength(1);
      world.openIm.faults = {};
      await world.reconcile();
      await world.expectTruth();
    }),
  );

  it.concurrent(
    'delays no other group where its list and its total disagree, and its callback was late',
    inItsOwnWorld(async () => {
      const world = await World.start([newGroup(3), newGroup(3)]);
      const [group, other] = world.groups;
      group.act(step('quit', 1));
      await world.post(`/groups/${group.groupID}/refresh`);
      world.openIm.faults = { listsAreShort: true };
      await world.deliver(group.callbacks);
      await sleep(6500);
      const before = world.openIm.requests.length;
      await sleep(1000);
      expect(world.openIm.requests.length - before).toBeLessThan(10);
      other.act(step('invite'));
      other.act(step('rename'));
      const start = Date.now();
      await world.deliver(other.callbacks);
      await eventually(async () => expect(await membersOf(world, other)).toHaveLength(other.members.size));
      expect(Date.now() - start).toBeLessThan(6000);
    }),
  );

  it.concurrent(
    'is read by small pages where OpenIM fails for large ones',
    inItsOwnWorld(async () => {
      const world = await World.start([]);
      world.openIm.add(newGroup(120));
      world.openIm.faults = { pageLimit: 1000 };
      expect(await world.reconcile()).toMatchObject({ state: 'done', problem: null });
      await world.expectTruth();
    }),
  );
});

describe('Dismissed groups', () => {
  it('lose the members whom OpenIM deletes later, and become active again with OpenIM', async () => {
    const world = await World.start([newGroup(3), newGroup(3)], { RECONCILE_INTERVAL: '1s' });
    const [one, other] = world.groups;
    one.act(step('dismiss'));
    other.act(step('dismiss'));
    await world.becomesRight();
    one.act(step('delete'));
    other.act(step('muteGroup', 0, 1));
    expect(await world.becomesRight()).toBeLessThan(5000);
  });
});

describe('Groups without an owner', () => {
  it('are reconciled by few requests', async () => {
    const groups = Array.from({ length: 25 }, () => newGroup(1));
    groups.forEach((group) => group.members.delete('u0'));
    const world = await World.start([newGroup(1), ...groups], { RECONCILE_INTERVAL: '1s' });
    await world.expectTruth();
    groups.forEach((group) => group.act(step('invite', 3)));
    expect(await world.becomesRight()).toBeLessThan(10_000);
  });
});

describe('A group that PostgreSQL cannot hold', () => {
  it('delays no other group', async () => {
    const long = new OpenImGroup(randomBytes(3000).toString('hex'), Date.now());
    const nameless = new OpenImGroup('', Date.now());
    const strange = new OpenImGroup('__proto__', Date.now() - 1000);
    const world = await World.start([]);
    world.shortenRetryDelay();
    world.openIm.add(long, nameless, strange, newGroup(3));
    const run = await world.reconcile();
    expect(run).toMatchObject({
      state: 'done',
      problem: expect.stringMatching(/^1 groups failed and are retried, such as /),
    });
    world.openIm.groups.delete(long.groupID);
    world.openIm.groups.delete('');
    await world.expectTruth();
    expect(world.service.log).toContainEqual(
      expect.objectContaining({
        msg: 'Group cannot be written',
        groupID: expect.stringMatching(/^[0-9a-f]{255}$/),
        err: expect.objectContaining({ message: expect.stringMatching(/^index row/) }),
      }),
    );
  });
});

describe('The admin API', () => {
  it('refreshes one group', async () => {
    const world = await World.start([newGroup(3)]);
    const [group] = world.groups;
    group.act(step('invite'));
    const { status, body } = await world.post(`/groups/${group.groupID}/refresh`);
    const { state, drift } = body as RefreshDto;
    expect([status, state, drift.map(({ kind }) => kind)]).toEqual([200, 'verified', ['joined']]);
    expect((await mirrorOf(world.service.database)).get(group.groupID)).toEqual(truthOf(group));
    expect((await world.post(`/groups/unknown/refresh`)).status).toBe(404);
    world.openIm.faults = { html502: true };
    expect((await world.post(`/groups/${group.groupID}/refresh`)).status).toBe(502);
  });
});

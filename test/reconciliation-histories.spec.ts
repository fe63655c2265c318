import { randomUUID } from 'node:crypto';
import * as fc from 'fast-check';
import { type Callback, histories, OpenImGroup } from './helpers/open-im.js';
import { eventually } from './helpers/process.js';
import { World } from './helpers/world.js';
import { expectChangesLeadToRows } from './helpers/fold.js';
import { SEED } from './helpers/seed.js';

/** Number of histories. They have silent steps too. `HISTORIES=20000 npm test -- reconciliation-histories` runs more. */
const HISTORIES = Number(process.env['HISTORIES'] ?? 400);
const STEPS = 25;
const AT_ONCE = 100;
/** One of this many callbacks is lost. */
const LOST = 10;

let world: World;

beforeAll(async () => {
  world = await World.start([], { RECONCILE_INTERVAL: '1s', LOG_LEVEL: 'warn' });
});

afterAll(() => World.endAll());

const disorder = fc.record({
  steps: histories(STEPS, true),
  /** Number of steps before OpenIM is read for the first time. */
  before: fc.integer({ min: 0, max: STEPS }),
  lost: fc.infiniteStream(fc.integer({ min: 0, max: LOST - 1 })),
  windows: fc.infiniteStream(fc.integer({ min: 1, max: 6 })),
  order: fc.infiniteStream(fc.nat()),
});

/** The callbacks that arrive, in the order of their arrival. */
function arriving(
  callbacks: Callback[],
  { lost, windows, order }: { lost: fc.Stream<number>; windows: fc.Stream<number>; order: fc.Stream<number> },
): Callback[] {
  const remaining = callbacks.splice(0).filter(() => lost.next().value !== 0);
  const arrived: Callback[] = [];
  while (remaining.length > 0) {
    arrived.push(
      ...remaining
        .splice(0, windows.next().value)
        .map((callback) => ({ callback, at: order.next().value }))
        .toSorted((one, other) => one.at - other.at)
        .map(({ callback }) => callback),
    );
  }
  return arrived;
}

/** Expects that every group equals OpenIM, and that none needs reconciling. */
async function expectTruthVerified(): Promise<void> {
  await world.expectTruth();
  const stale = await world.service.database.query(
    'SELECT FROM groups WHERE stale_since IS NOT NULL OR last_callback_at > verified_at',
  );
  expect(stale).toEqual([]);
}

/** @param none whether no callback is lost */
async function expectTruthAfter(
  ended: () => Promise<unknown>,
  { none = false, number = HISTORIES / 2, atOnce = AT_ONCE } = {},
): Promise<void> {
  await fc.assert(
    fc.asyncProperty(fc.array(disorder, { minLength: atOnce, maxLength: atOnce }), async (crowd) => {
      const groupIDs = await Promise.all(
        crowd.map(async ({ steps, before, ...streams }) => {
          const order = none ? { ...streams, lost: fc.stream(always(1)) } : streams;
          const group = new OpenImGroup(randomUUID(), Date.now() - 3_600_000);
          steps.slice(0, before).forEach((step) => group.act(step));
          world.openIm.add(group);
          const first = arriving(group.callbacks, order);
          await world.deliver(first);
          steps.slice(before).forEach((step) => group.act(step));
          const others = arriving(group.callbacks, order);
          await world.deliver(others);
          if (group.status === 2 && first.length + others.length === 0) {
            world.openIm.groups.delete(group.groupID); // no callback named it, and OpenIM lists no dismissed group
          }
          return group.groupID;
        }),
      );
      await ended();
      await expectTruthVerified();
      await expectChangesLeadToRows(world.service.database, groupIDs);
    }),
    { numRuns: Math.ceil(number / atOnce), endOnFailure: true, ...SEED },
  );
}

function* always<T>(value: T): Generator<T> {
  for (;;) {
    yield value;
  }
}

/** Makes the full snapshots of dismissed groups half a day older: OpenIM reports no version of them. */
const passHalfADay = () =>
  world.service.database.query(
    "UPDATE groups SET full_snapshot_at = full_snapshot_at - interval '13 hours' WHERE status = 2 AND full_snapshot_at > now() - interval '12 hours'",
  );

it('The mirror equals OpenIM after one full run, whatever callbacks were lost, late or never sent', async () => {
  await expectTruthAfter(() => world.reconcile());
}, 600_000);

it('The mirror equals OpenIM after some resyncs, whatever callbacks were lost, late or never sent', async () => {
  await expectTruthAfter(async () => {
    await passHalfADay();
    await eventually(() => expectTruthVerified().then(() => true), 40_000);
  });
}, 600_000);

it('No callback is counted as lost where all arrived, however late and in whatever order', async () => {
  await world.service.database.query('UPDATE group_changes SET drift = NULL'); // of the histories before
  await expectTruthAfter(
    async () => {
      await passHalfADay();
      await eventually(() => expectTruthVerified().then(() => true), 40_000);
    },
    // A callback counts as lost after 15 s: fewer at once, so that a busy machine delivers them in time.
    { none: true, number: HISTORIES / 5, atOnce: AT_ONCE / 4 },
  );
  expect((await world.read()).drift.filter(({ missedCallbacks }) => missedCallbacks > 0)).toEqual([]);
}, 600_000);

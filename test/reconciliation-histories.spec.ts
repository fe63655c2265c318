import { randomUUID } from 'node:crypto';
import * as fc from 'fast-check';
import { type Callback, histories, OpenImGroup } from './helpers/open-im.js';
import { eventually } from './helpers/process.js';
import { World } from './helpers/world.js';

/** Histories of 25 steps, silent ones among them; `HISTORIES=20000 npm test -- reconciliation-histories` runs more. */
const HISTORIES = Number(process.env['HISTORIES'] ?? 1000);
const STEPS = 25;
const AT_ONCE = 100;
/** Of ten callbacks one is lost. */
const LOST = 10;

let world: World;

beforeAll(async () => {
  world = await World.start([], { RECONCILE_INTERVAL: '1s', LOG_LEVEL: 'warn' });
});

afterAll(() => World.endAll());

const disorder = fc.record({
  steps: histories(STEPS, true),
  /** How many steps are done before OpenIM is read for the first time. */
  before: fc.integer({ min: 0, max: STEPS }),
  lost: fc.infiniteStream(fc.integer({ min: 0, max: LOST - 1 })),
  windows: fc.infiniteStream(fc.integer({ min: 1, max: 6 })),
  order: fc.infiniteStream(fc.nat()),
});

/** What arrives of some callbacks, and in which order. */
function arriving(
  callbacks: Callback[],
  { lost, windows, order }: { lost: fc.Stream<number>; windows: fc.Stream<number>; order: fc.Stream<number> },
): Callback[] {
  const there = callbacks.splice(0).filter(() => lost.next().value !== 0);
  const arrived: Callback[] = [];
  while (there.length > 0) {
    arrived.push(
      ...there
        .splice(0, windows.next().value)
        .map((callback) => ({ callback, at: order.next().value }))
        .toSorted((one, other) => one.at - other.at)
        .map(({ callback }) => callback),
    );
  }
  return arrived;
}

/** Every group is as OpenIM has it, and none needs a look any more. */
async function expectTruthVerified(): Promise<void> {
  await world.expectTruth();
  const stale = await world.service.database.query(
    'SELECT FROM groups WHERE stale_since IS NOT NULL OR told_at > verified_at',
  );
  expect(stale).toEqual([]);
}

async function expectTruthAfter(ended: () => Promise<unknown>): Promise<void> {
  await fc.assert(
    fc.asyncProperty(fc.array(disorder, { minLength: AT_ONCE, maxLength: AT_ONCE }), async (crowd) => {
      await Promise.all(
        crowd.map(async ({ steps, before, ...streams }) => {
          const group = new OpenImGroup(randomUUID(), Date.now() - 3_600_000);
          steps.slice(0, before).forEach((step) => group.act(step));
          world.openIm.add(group);
          await world.deliver(arriving(group.callbacks, streams));
          steps.slice(before).forEach((step) => group.act(step));
          await world.deliver(arriving(group.callbacks, streams));
        }),
      );
      await ended();
      await expectTruthVerified();
    }),
    { numRuns: Math.ceil(HISTORIES / 2 / AT_ONCE), endOnFailure: true },
  );
}

it('equals OpenIM after one run, whatever callbacks were lost, late or never sent', async () => {
  await expectTruthAfter(() => world.reconcile());
}, 600_000);

it('comes to equal OpenIM by itself, whatever callbacks were lost, late or never sent', async () => {
  await expectTruthAfter(() => eventually(() => expectTruthVerified().then(() => true)));
}, 600_000);

import { once } from 'node:events';
import { Agent, type IncomingMessage, request } from 'node:http';
import { text as readText } from 'node:stream/consumers';
import { randomUUID } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import * as fc from 'fast-check';
import { type Callback, histories, OpenImGroup } from './helpers/open-im.js';
import { ServiceProcess } from './helpers/process.js';
import { TestDatabase } from './helpers/database.js';
import { expectChangesLeadToRows } from './helpers/fold.js';
import { SEED } from './helpers/seed.js';

/** Number of histories, of 50 steps each; half of them are delivered in order. `HISTORIES=20000 npm test -- histories` runs more. */
const HISTORIES = Number(process.env['HISTORIES'] ?? 800);
const STEPS = 50;
const AT_ONCE = 20;

let database: TestDatabase;
let replicas: ServiceProcess[];
let urls: string[];
const agent = new Agent({ keepAlive: true });

beforeAll(async () => {
  database = await TestDatabase.create();
  replicas = [1, 2].map(() => ServiceProcess.start({ DATABASE_URL: database.url, LOG_LEVEL: 'info' }));
  urls = await Promise.all(
    replicas.map((replica) => replica.says(/The database is ready/).then(() => replica.url())),
  );
});

afterAll(async () => {
  agent.destroy();
  await ServiceProcess.endAll();
  await database.drop();
});

/** Posts a callback to one of the replicas. fetch would take longer than the service does. */
async function deliver({ command, body }: Callback, replica: number): Promise<void> {
  const post = request(`${urls[replica % 2]}/callback/${command}`, {
    method: 'POST',
    agent,
    headers: { 'content-type': 'application/json', authorization: `Basic ${btoa('openim:t')}` },
  });
  post.end(JSON.stringify(body));
  const [response] = (await once(post, 'response')) as [IncomingMessage];
  const reply = await readText(response);
  if (response.statusCode !== 200) {
    throw new Error(`${command} was answered ${response.statusCode} ${reply}`);
  }
}

interface Mirror {
  group: {
    group_name: string;
    introduction: string;
    owner_user_id: string;
    status: number;
    member_count: string;
    stale_since: Date | null;
  };
  members: { user_id: string; role_level: number; nickname: string | null }[];
}

async function mirrorOf(groupID: string): Promise<Mirror> {
  const [group] = await database.query<Mirror['group']>('SELECT * FROM groups WHERE group_id = $1', [
    groupID,
  ]);
  const members = await database.query<Mirror['members'][number]>(
    'SELECT user_id, role_level, nickname FROM group_members WHERE group_id = $1 AND left_at IS NULL ORDER BY user_id',
    [groupID],
  );
  return { group: group!, members };
}

/** The state of a group in the model and in the mirror, in one form. */
const truth = (model: OpenImGroup) => ({
  groupName: model.groupName,
  introduction: model.introduction,
  ownerUserID: model.ownerUserID,
  status: model.status,
  memberCount: model.members.size,
  members: Array.from(
    model.members,
    ([userID, { roleLevel, nickname }]) => `${userID}:${roleLevel}:${nickname}`,
  ).toSorted((a, b) => a.localeCompare(b)),
});

const claim = ({ group, members }: Mirror) => ({
  groupName: group.group_name,
  introduction: group.introduction,
  ownerUserID: group.owner_user_id,
  status: group.status,
  memberCount: Number(group.member_count),
  members: members.map(
    ({ user_id: userID, role_level: roleLevel, nickname }) => `${userID}:${roleLevel}:${nickname}`,
  ),
});

const live = (steps: Parameters<OpenImGroup['act']>[0][]): OpenImGroup => {
  const model = new OpenImGroup(randomUUID(), Date.now() - 60_000);
  steps.forEach((step) => model.act(step));
  return model;
};

/** Concurrent histories, each of a group of its own: they keep the two replicas and the database busy. */
const crowds = <T>(one: fc.Arbitrary<T>) => fc.array(one, { minLength: AT_ONCE, maxLength: AT_ONCE });
const runs = { numRuns: Math.ceil(HISTORIES / 2 / AT_ONCE), endOnFailure: true, ...SEED };

it('The mirror equals OpenIM after every history that is delivered in order', async () => {
  await fc.assert(
    fc.asyncProperty(crowds(histories(STEPS)), async (crowd) => {
      await Promise.all(
        crowd.map(async (steps) => {
          const model = live(steps);
          for (const [index, callback] of model.callbacks.entries()) {
            await deliver(callback, index);
          }
          expect(claim(await mirrorOf(model.groupID))).toEqual(truth(model));
          await expectChangesLeadToRows(database, [model.groupID]);
        }),
      );
    }),
    runs,
  );
}, 600_000);

/** Reconciles the group, where it equals OpenIM already: it is not stale afterwards. */
async function reconcile(model: OpenImGroup, mirror: Mirror): Promise<void> {
  if (isDeepStrictEqual(claim(mirror), truth(model))) {
    await database.query('UPDATE groups SET stale_since = NULL, stale_reason = NULL WHERE group_id = $1', [
      model.groupID,
    ]);
  }
}

/** Moves all rows of the group a minute into the past: no later callback can have overtaken them. */
async function aMinuteLater(groupID: string): Promise<void> {
  await database.query(
    "UPDATE groups SET as_of = as_of - interval '1 min', created_as_of = created_as_of - interval '1 min' WHERE group_id = $1",
    [groupID],
  );
  await database.query("UPDATE group_members SET as_of = as_of - interval '1 min' WHERE group_id = $1", [
    groupID,
  ]);
}

it('The mirror is never in an impossible state, and equals OpenIM or is stale, after every history that is shuffled, doubled and sent to two replicas', async () => {
  const disorder = fc.record({
    steps: histories(STEPS),
    windows: fc.infiniteStream(fc.integer({ min: 1, max: 6 })),
    order: fc.infiniteStream(fc.nat()),
    doubled: fc.infiniteStream(fc.integer({ min: 0, max: 9 })),
    batches: fc.infiniteStream(fc.integer({ min: 1, max: 3 })),
  });
  await fc.assert(
    fc.asyncProperty(crowds(disorder), async (crowd) => {
      await Promise.all(
        crowd.map(async ({ steps, windows, order, doubled, batches }) => {
          const model = new OpenImGroup(randomUUID(), Date.now() - 3_600_000);
          while (steps.length > 0) {
            steps.splice(0, windows.next().value).forEach((step) => model.act(step));
            const queue = model.callbacks
              .splice(0)
              .flatMap((callback) => (doubled.next().value === 0 ? [callback, callback] : [callback]))
              .map((callback) => ({ callback, at: order.next().value }))
              .toSorted((one, other) => one.at - other.at)
              .map(({ callback }) => callback);
            while (queue.length > 0) {
              await Promise.all(queue.splice(0, batches.next().value).map(deliver));
            }
            const mirror = await mirrorOf(model.groupID);
            expect(
              mirror.members.filter(({ role_level: roleLevel }) => roleLevel === 100).length,
            ).toBeLessThanOrEqual(1);
            expect(mirror.members).toHaveLength(Number(mirror.group.member_count));
            expect(mirror.group.status).toBe(model.status);
            if (mirror.group.stale_since === null) {
              expect(claim(mirror)).toEqual(truth(model));
              outcomes.fresh += 1;
            } else {
              outcomes.stale += 1;
              await reconcile(model, mirror);
            }
            await aMinuteLater(model.groupID);
          }
          await expectChangesLeadToRows(database, [model.groupID]);
        }),
      );
    }),
    runs,
  );
  expect(outcomes.fresh).toBeGreaterThan(outcomes.stale / 10);
}, 600_000);

const outcomes = { fresh: 0, stale: 0 };

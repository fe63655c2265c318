import { setTimeout as sleep } from 'node:timers/promises';
import { TestDatabase } from '../helpers/database.js';
import { FakeOpenIm } from '../helpers/fake-openim.js';
import { readMetrics } from '../helpers/metrics.js';
import { differences } from '../helpers/mirror.js';
import { eventually } from '../helpers/process.js';
import { Proxy } from '../helpers/proxy.js';
import { newGroup, step } from '../helpers/world.js';
import { PostgresServer } from './helpers/postgres-server.js';
import { Rehearsal } from './helpers/rehearsal.js';
import { Replica } from './helpers/replica.js';

const GROUPS = 200;
const ROUNDS = 3;

let postgres: PostgresServer;
let openIm: FakeOpenIm;

beforeAll(async () => {
  postgres = await PostgresServer.create();
  process.env['TEST_POSTGRES'] = postgres.url;
  openIm = await FakeOpenIm.start();
  openIm.add(...Array.from({ length: GROUPS }, () => newGroup(10)));
});

afterAll(async () => {
  await openIm?.stop();
  await postgres?.remove();
});

const leads = async (replica: Replica): Promise<boolean> =>
  (await readMetrics(replica.url)).value('openim_reconciliation_leader') === 1;

it.each([
  ['frozen', (leader: Replica) => leader.signal('SIGSTOP'), (leader: Replica) => leader.signal('SIGCONT')],
  [
    'cut off',
    (_: Replica, proxy: Proxy) => proxy.hang(),
    (_: Replica, proxy: Proxy) => proxy.close().then(() => proxy.listen()),
  ],
])(
  'another replica takes over from a leader that is %s, and the old leader writes nothing wrong afterwards',
  async (name, vanish, comeBack) => {
    const rehearsal = new Rehearsal(`Leader: ${name}`);
    const database = await TestDatabase.create('template0');
    const proxies = [new Proxy(new URL(database.url)), new Proxy(new URL(database.url))];
    const replicas: Replica[] = [];
    for (const proxy of proxies) {
      await proxy.listen();
      replicas.push(await Replica.start(proxy.url, { ...openIm.settings, RECONCILE_INTERVAL: '1s' }));
    }
    const isRight = async (): Promise<boolean> =>
      (await differences(database, openIm.groups.values())).length === 0;
    await eventually(isRight, 60_000);

    let slowest = 0;
    let wrong = 0;
    let notOneLeader = 0;
    for (let round = 0; round < ROUNDS; round += 1) {
      const leading = await Promise.all(replicas.map(leads));
      const [at, other] = leading[0] ? [0, replicas[1]!] : [1, replicas[0]!];
      vanish(replicas[at]!, proxies[at]!);
      const start = performance.now();
      for (const group of openIm.groups.values()) {
        group.act(step('invite', round));
      }
      await eventually(() => leads(other), 60_000);
      slowest = Math.max(slowest, performance.now() - start);
      for (const group of openIm.groups.values()) {
        group.act(step('rename', round));
      }
      await comeBack(replicas[at]!, proxies[at]!);
      await eventually(isRight, 60_000).catch(() => (wrong += 1));
      await sleep(15_000);
      notOneLeader += (await Promise.all(replicas.map(leads))).filter(Boolean).length === 1 ? 0 : 1;
      wrong += (await differences(database, openIm.groups.values())).length;
    }
    expect(
      await rehearsal.end(
        `${ROUNDS} times, ${GROUPS} groups change meanwhile`,
        {
          wrong,
          'rounds without exactly one leader': notOneLeader,
          'takeovers over 30 s': slowest > 30_000 ? 1 : 0,
        },
        { 'slowest takeover ms': Math.round(slowest) },
      ),
    ).toEqual({});
    await Promise.all(replicas.map((replica) => replica.remove()));
    await Promise.all(proxies.map((proxy) => proxy.close()));
    await database.drop();
  },
);

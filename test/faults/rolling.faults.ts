import { Balancer } from './helpers/balancer.js';
import { PostgresServer } from './helpers/postgres-server.js';
import { Rehearsal } from './helpers/rehearsal.js';
import { Replica } from './helpers/replica.js';
import { underLoad } from './helpers/under-load.js';

const ROUNDS = 50;
/** Few clients, so that a starting service gets enough CPU on a small machine. */
const CLIENTS = 3;

let postgres: PostgresServer;
let balancer: Balancer;
const replicas: Replica[] = [];

beforeAll(async () => {
  postgres = await PostgresServer.create();
  balancer = await Balancer.listen();
  for (let count = 0; count < 2; count += 1) {
    const replica = await Replica.start(postgres.url);
    replicas.push(replica);
    balancer.add(replica.url);
  }
});

afterAll(async () => {
  await Promise.all(replicas.map((replica) => replica.remove()));
  await balancer?.close();
  await postgres?.remove();
});

it('rolling restarts of two replicas fail no request', async () => {
  const rehearsal = new Rehearsal('Service: rolling restarts');
  let otherExits = 0;
  const { ledger, verdict } = await underLoad(
    balancer.url,
    replicas,
    postgres.url,
    async () => {
      for (let round = 0; round < ROUNDS; round += 1) {
        for (const replica of replicas) {
          balancer.remove(replica.url);
          otherExits += (await replica.end('SIGTERM')) === 0 ? 0 : 1;
          replica.run();
          await replica.ready();
          balancer.add(replica.url);
        }
      }
    },
    CLIENTS,
  );
  const faults = { 'requests failed': ledger.count('unknown'), 'exit codes other than 0': otherExits };
  expect(await rehearsal.endOf(`${ROUNDS} times each of two replicas`, ledger, verdict, { faults })).toEqual(
    {},
  );
});

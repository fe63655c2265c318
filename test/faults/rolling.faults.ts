import { setTimeout as sleep } from 'node:timers/promises';
import { Balancer } from './helpers/balancer.js';
import { Ledger } from './helpers/ledger.js';
import { Load } from './helpers/load.js';
import { PostgresServer } from './helpers/postgres-server.js';
import { Rehearsal } from './helpers/rehearsal.js';
import { Replica } from './helpers/replica.js';
import { verify } from './helpers/verifier.js';

const ROUNDS = 50;

let postgres: PostgresServer;
let balancer: Balancer;
const replicas: Replica[] = [];

beforeAll(async () => {
  postgres = await PostgresServer.create();
  balancer = await Balancer.listen();
  for (let count = 0; count < 2; count += 1) {
    const replica = await Replica.start(postgres.url);
    replicas.push(replica);
    balancer.putIn(replica.url);
  }
});

afterAll(async () => {
  await Promise.all(replicas.map((replica) => replica.remove()));
  await balancer?.close();
  await postgres?.remove();
});

it('rolling restarts of two replicas fail no request', async () => {
  const rehearsal = new Rehearsal('Service: rolling restarts');
  const ledger = new Ledger();
  const load = Load.start(balancer.url, ledger);
  let otherExits = 0;
  for (let round = 0; round < ROUNDS; round += 1) {
    for (const replica of replicas) {
      balancer.takeOut(replica.url);
      otherExits += (await replica.end('SIGTERM')) === 0 ? 0 : 1;
      replica.run();
      await replica.ready();
      balancer.putIn(replica.url);
    }
  }
  await sleep(1000);
  await load.stop();
  await Promise.all(replicas.map((replica) => replica.settled()));

  const verdict = await verify(ledger, postgres.url);
  const faults = { 'not answered': balancer.failures, 'exits other than 0': otherExits };
  expect(await rehearsal.endOf(`${ROUNDS} times both of two replicas`, ledger, verdict, { faults })).toEqual(
    {},
  );
  expect(ledger.count('unknown')).toBe(0);
});

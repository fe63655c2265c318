import { setTimeout as sleep } from 'node:timers/promises';
import { Ledger } from './helpers/ledger.js';
import { Load } from './helpers/load.js';
import { PostgresServer } from './helpers/postgres-server.js';
import { Random } from './helpers/random.js';
import { Rehearsal } from './helpers/rehearsal.js';
import { Replica } from './helpers/replica.js';
import { verify } from './helpers/verifier.js';

const KILLS = 50;

let postgres: PostgresServer;
let replica: Replica;

beforeAll(async () => {
  postgres = await PostgresServer.create();
  replica = await Replica.start(postgres.url);
});

afterAll(async () => {
  await replica?.remove();
  await postgres?.remove();
});

it('kill -9 of the service under load loses nothing', async () => {
  const rehearsal = new Rehearsal('Service: kill -9');
  const random = new Random(1);
  const ledger = new Ledger();
  const load = Load.start(replica.url, ledger);
  for (let kills = 0; kills < KILLS; kills += 1) {
    await sleep(random.below(1500));
    await replica.end('SIGKILL');
    replica.run();
    await replica.ready();
  }
  await sleep(1000);
  await load.stop();
  await replica.settled();

  const verdict = await verify(ledger, postgres.url);
  expect(await rehearsal.endOf(`${KILLS} kills`, ledger, verdict)).toEqual({});
});

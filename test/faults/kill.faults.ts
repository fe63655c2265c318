import { setTimeout as sleep } from 'node:timers/promises';
import { PostgresServer } from './helpers/postgres-server.js';
import { Random } from './helpers/random.js';
import { Rehearsal } from './helpers/rehearsal.js';
import { Replica } from './helpers/replica.js';
import { underLoad } from './helpers/under-load.js';

const KILLS = 50;
/** Maximum time between the readiness of the service and its kill, in ms. */
const LIFE_MS = 1500;

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
  const random = Random.stream(1);
  const { ledger, verdict } = await underLoad(replica.url, [replica], postgres.url, async () => {
    for (let kills = 0; kills < KILLS; kills += 1) {
      await sleep(random.below(LIFE_MS));
      await replica.end('SIGKILL');
      replica.run();
      await replica.ready();
    }
  });
  expect(await rehearsal.endOf(`${KILLS} kills`, ledger, verdict)).toEqual({});
});

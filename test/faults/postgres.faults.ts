import { setTimeout as sleep } from 'node:timers/promises';
import { ConnectionHog } from './helpers/connection-hog.js';
import { CuttingProxy } from './helpers/cutting-proxy.js';
import { Ledger } from './helpers/ledger.js';
import { Load } from './helpers/load.js';
import { PostgresServer } from './helpers/postgres-server.js';
import { Random } from './helpers/random.js';
import { type Counts, Rehearsal } from './helpers/rehearsal.js';
import { Replica } from './helpers/replica.js';
import { SmallDisk } from './helpers/small-disk.js';
import { verify } from './helpers/verifier.js';

/** So many connections there are, and no more. */
const MAX_CONNECTIONS = 30;
const DISK_MIB = 160;

let postgres: PostgresServer;
let replica: Replica;

beforeAll(async () => {
  postgres = await PostgresServer.create({ max_connections: String(MAX_CONNECTIONS) });
  replica = await Replica.start(postgres.url);
});

afterAll(async () => {
  await replica?.remove();
  await postgres?.remove();
});

/** Breaks something under load, and verifies everything once it is whole again. */
async function rehearse(
  name: string,
  done: string,
  breakIt: () => Promise<Counts | void>,
  [server, service] = [postgres, replica],
): Promise<void> {
  const rehearsal = new Rehearsal(name);
  const ledger = new Ledger();
  const load = Load.start(service.url, ledger);
  let counts: Counts | void;
  try {
    await sleep(1000);
    counts = await breakIt();
    await service.ready();
    await sleep(1000);
  } finally {
    await load.stop();
  }
  await service.settled();

  const verdict = await verify(ledger, server.url);
  expect(await rehearsal.endOf(done, ledger, verdict, { counts: counts ?? {} })).toEqual({});
}

it('kill -9 of PostgreSQL and all its processes', async () => {
  await rehearse('PostgreSQL: kill -9', '5 times, away for 3 s', async () => {
    for (let kills = 0; kills < 5; kills += 1) {
      await postgres.kill();
      await sleep(3000);
      await postgres.start();
      await replica.ready();
      await sleep(2000);
    }
  });
});

it('a fast restart of PostgreSQL', async () => {
  await rehearse('PostgreSQL: fast restart', '5 times', async () => {
    for (let restarts = 0; restarts < 5; restarts += 1) {
      await postgres.stop();
      await postgres.start();
      await replica.ready();
      await sleep(1500);
    }
  });
});

it('PostgreSQL stands still for 10 s', async () => {
  await rehearse('PostgreSQL: SIGSTOP', '2 times for 10 s', async () => {
    for (let pauses = 0; pauses < 2; pauses += 1) {
      await postgres.pause();
      await sleep(10_000);
      await postgres.resume();
      await replica.ready();
      await sleep(2000);
    }
  });
});

it('another client has all connections when the service starts', async () => {
  await rehearse('PostgreSQL: out of connections', '2 times for 5 s', async () => {
    for (let times = 0; times < 2; times += 1) {
      const hog = new ConnectionHog(postgres.url);
      try {
        await sleep(1000);
        await replica.end('SIGKILL');
        await sleep(500);
        expect(hog.hasAll).toBe(true);
        replica.run();
        await sleep(5000);
      } finally {
        await hog.end();
      }
      await replica.ready();
      await sleep(2000);
    }
  });
});

it('connections are cut between a statement and its reply', async () => {
  const proxy = await CuttingProxy.listen(postgres.url, new Random(3));
  const behind = await Replica.start(proxy.url);
  try {
    await rehearse(
      'PostgreSQL: cut in the middle of a commit',
      'for 20 s, at 1 of 20 statements',
      async () => {
        proxy.cut(0.05);
        await sleep(20_000);
        proxy.cut(0);
        return { cuts: proxy.cuts };
      },
      [postgres, behind],
    );
  } finally {
    await behind.remove();
    await proxy.close();
  }
});

it('the disk of PostgreSQL is full', async () => {
  const disk = await SmallDisk.mount(DISK_MIB);
  if (!disk) {
    await new Rehearsal('PostgreSQL: disk full').end(
      'SKIPPED: this process may not mount a small disk',
      {},
      {},
    );
    return;
  }
  let small: PostgresServer | undefined;
  let service: Replica | undefined;
  try {
    const server = (small = await PostgresServer.create(
      { max_wal_size: '32MB', min_wal_size: '32MB' },
      disk.folder,
    ));
    service = await Replica.start(server.url);
    let ends = 0;
    await rehearse(
      'PostgreSQL: disk full',
      '2 times for 8 s',
      async () => {
        for (let times = 0; times < 2; times += 1) {
          disk.fill();
          await sleep(8000);
          disk.free();
          if (!server.isAlive) {
            ends += 1;
            await server.start();
          }
          await sleep(3000);
        }
        return { 'ends of PostgreSQL': ends };
      },
      [server, service],
    );
  } finally {
    await service?.remove();
    await small?.remove();
    await disk.unmount();
  }
});

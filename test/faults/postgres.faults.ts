import { setTimeout as sleep } from 'node:timers/promises';
import { Balancer } from './helpers/balancer.js';
import { ConnectionHog } from './helpers/connection-hog.js';
import { CuttingProxy } from './helpers/cutting-proxy.js';
import { PostgresServer } from './helpers/postgres-server.js';
import { Random } from './helpers/random.js';
import { type Counts, Rehearsal } from './helpers/rehearsal.js';
import { Replica } from './helpers/replica.js';
import { SmallDisk } from './helpers/small-disk.js';
import { underLoad } from './helpers/under-load.js';

/** The max_connections of PostgreSQL. */
const MAX_CONNECTIONS = 40;
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

interface Setup {
  url?: string;
  replicas?: readonly Replica[];
  server?: PostgresServer;
  counts?: () => Counts;
}

/** Causes a fault under load. Afterwards each acknowledged callback must be in the log once. */
async function rehearse(
  name: string,
  done: string,
  causeFault: () => Promise<void>,
  { replicas = [replica], url = replicas[0]!.url, server = postgres, counts = () => ({}) }: Setup = {},
): Promise<void> {
  const rehearsal = new Rehearsal(`PostgreSQL: ${name}`);
  const { ledger, verdict } = await underLoad(url, replicas, server.url, causeFault);
  expect(
    await rehearsal.endOf(done, ledger, verdict, { counts: counts(), outOfOrder: replicas.length > 1 }),
  ).toEqual({});
}

it('kill -9 of PostgreSQL and all its processes', async () => {
  await rehearse('kill -9', '5 times, down for 3 s', async () => {
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
  await rehearse('fast restart', '5 times', async () => {
    for (let restarts = 0; restarts < 5; restarts += 1) {
      await postgres.stop();
      await postgres.start();
      await replica.ready();
      await sleep(1500);
    }
  });
});

it('PostgreSQL is stopped with SIGSTOP for 10 s', async () => {
  await rehearse('SIGSTOP', '2 times for 10 s', async () => {
    for (let pauses = 0; pauses < 2; pauses += 1) {
      await postgres.pause();
      await sleep(10_000);
      await postgres.resume();
      await replica.ready();
      await sleep(2000);
    }
  });
});

it('the service is killed and restarted while PostgreSQL is down', async () => {
  await rehearse('down, service restarts', '4 kills and 2 restarts', async () => {
    await postgres.stop();
    for (const signal of ['SIGKILL', 'SIGKILL', 'SIGTERM', 'SIGKILL', 'SIGTERM', 'SIGKILL'] as const) {
      await sleep(2000);
      await replica.end(signal);
      replica.run();
    }
    await sleep(3000);
    await postgres.start();
  });
});

it('PostgreSQL is down for two replicas that share the callbacks of each group', async () => {
  const balancer = await Balancer.listen();
  const other = await Replica.start(postgres.url);
  const replicas = [replica, other];
  replicas.forEach(({ url }) => balancer.add(url));
  try {
    const outages = async (): Promise<void> => {
      for (let times = 0; times < 3; times += 1) {
        await postgres.stop();
        await sleep(3000);
        await postgres.start();
        await Promise.all(replicas.map((one) => one.ready()));
        await sleep(2000);
      }
    };
    await rehearse('down, two replicas', '3 times for 3 s', outages, { replicas, url: balancer.url });
  } finally {
    await other.remove();
    await balancer.close();
  }
});

it('another client holds all connections when the service starts', async () => {
  await rehearse('out of connections', '2 times for 5 s', async () => {
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
  const proxy = await CuttingProxy.listen(postgres.url, Random.stream(3));
  const behind = await Replica.start(proxy.url);
  try {
    const cut = async (): Promise<void> => {
      proxy.cut(0.05);
      await sleep(20_000);
      proxy.cut(0);
    };
    await rehearse('cut in the middle of a commit', '20 s, at 1 of 20 statements', cut, {
      replicas: [behind],
      counts: () => ({ cuts: proxy.cuts }),
    });
  } finally {
    await behind.remove();
    await proxy.close();
  }
});

it('the disk of PostgreSQL is full', async () => {
  const disk = await SmallDisk.mount(DISK_MIB);
  if (!disk) {
    await new Rehearsal('PostgreSQL: disk full').end('SKIPPED: this process cannot mount a disk', {}, {});
    return;
  }
  let server: PostgresServer | undefined;
  let service: Replica | undefined;
  try {
    server = await PostgresServer.create({ max_wal_size: '32MB', min_wal_size: '32MB' }, disk.folder);
    service = await Replica.start(server.url);
    let ends = 0;
    const fill = async (): Promise<void> => {
      for (let times = 0; times < 2; times += 1) {
        disk.fill();
        await sleep(8000);
        disk.free();
        if (!server!.isAlive) {
          ends += 1;
          await server!.start();
        }
        await sleep(3000);
      }
    };
    await rehearse('disk full', '2 times for 8 s', fill, {
      server,
      replicas: [service],
      counts: () => ({ 'exits of PostgreSQL': ends }),
    });
  } finally {
    await service?.remove();
    await server?.remove();
    await disk.unmount();
  }
});

import { execFileSync } from 'node:child_process';
import { chmod, chown, mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { reachableByAll } from '../src/embedded-postgres/postgres-binaries.js';
import { eventually, ServiceProcess } from './helpers/process.js';
import { SUCCESS } from './helpers/service.js';

let folder: string;

/** Starts the service without `DATABASE_URL`, with the folder of the test as DATA_DIR. */
function start(prefix: string[] = []): ServiceProcess {
  return ServiceProcess.start({ DATA_DIR: join(folder, 'data') }, prefix);
}

const postmasterPid = async (): Promise<number> =>
  Number.parseInt(await readFile(join(folder, 'data/postgres/postmaster.pid'), 'utf8'), 10);

const isAlive = (pid: number): boolean => {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
};

const groupIDs = async (service: ServiceProcess) => {
  const { body } = await service.get('/admin/groups');
  return (body['items'] as { groupID: string }[]).map(({ groupID }) => groupID).toSorted();
};

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'openim-group-sync-embedded-'));
});

afterEach(async () => {
  await ServiceProcess.endAll();
  await rm(folder, { recursive: true, force: true });
});

it('The embedded PostgreSQL starts without DATABASE_URL, keeps its data across a restart, and ends with the service', async () => {
  const first = start();
  await first.says(/The database is ready/);
  expect(await first.post({ groupID: 'a' })).toEqual({ status: 200, body: SUCCESS });
  const pid = await postmasterPid();
  expect(await first.end('SIGINT')).toBe(0);
  expect(isAlive(pid)).toBe(false);

  const second = start();
  await second.says(/The database is ready/);
  expect(await groupIDs(second)).toEqual(['a']);
  expect((await stat(join(folder, 'data/postgres.password'))).mode & 0o077).toBe(0);
  expect(second.log).not.toContain(await readFile(join(folder, 'data/postgres.password'), 'utf8'));
});

it('A killed service loses no acknowledged callback, and the next one replaces the PostgreSQL that it left running', async () => {
  const first = start();
  await first.says(/The database is ready/);
  const acknowledged: string[] = [];
  const load = Array.from({ length: 4 }, async (_, worker) => {
    for (let n = 0; ; n += 1) {
      const groupID = `g${worker}-${n}`;
      const answer = await first.post({ groupID }).catch(() => undefined);
      if (answer?.status !== 200) {
        return;
      }
      acknowledged.push(groupID);
      if (acknowledged.length === 50) {
        first.child.kill('SIGKILL');
      }
    }
  });
  await Promise.all(load);
  const orphan = await postmasterPid();
  expect(isAlive(orphan)).toBe(true);

  const second = start();
  await second.says(/The database is ready/);
  expect(isAlive(orphan)).toBe(false);
  const { body } = await second.get('/admin/groups?limit=500');
  expect((body['items'] as { groupID: string }[]).map(({ groupID }) => groupID)).toEqual(
    expect.arrayContaining(acknowledged),
  );
});

it('A killed PostgreSQL is started again, and loses no acknowledged callback', async () => {
  const service = start();
  await service.says(/The database is ready/);
  await service.post({ groupID: 'a' });

  process.kill(await postmasterPid(), 'SIGKILL');

  await service.says(/The embedded PostgreSQL ended by itself/);
  await eventually(async () => expect((await service.post({ groupID: 'b' })).status).toBe(200));
  expect(await groupIDs(service)).toEqual(['a', 'b']);
});

it('A second service on the same DATA_DIR ends with an error, and does not disturb the first one', async () => {
  const first = start();
  await first.says(/The database is ready/);

  const second = start();

  expect((await second.exited)[0]).toBe(1);
  expect(second.log).toContain(`${join(folder, 'data')} is in use by another openim-group-sync`);
  expect((await first.post({ groupID: 'a' })).status).toBe(200);
});

it('A first start that was killed is completed by the next start', async () => {
  const first = start();
  await eventually(async () => (await stat(join(folder, 'data'))).isDirectory());
  first.child.kill('SIGKILL');
  await first.exited;

  const second = start();
  await second.says(/The database is ready/);
  expect((await second.post({ groupID: 'a' })).status).toBe(200);
});

const asRoot = process.getuid?.() === 0;

(asRoot ? it : it.skip)('The embedded PostgreSQL runs as an ordinary user', async () => {
  await chmod(folder, 0o755);
  await chown(folder, 65534, 65534);

  const service = start(['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups']);

  await service.says(/The database is ready/);
  expect((await service.post({ groupID: 'a' })).status).toBe(200);
  expect((await stat(join(folder, 'data/postgres'))).uid).toBe(65534);
});

(asRoot ? it : it.skip)(
  'The embedded PostgreSQL runs for root in a folder that only root may enter',
  async () => {
    await chmod(folder, 0o700);

    const service = start();

    await service.says(/The database is ready/);
    expect((await service.post({ groupID: 'a' })).status).toBe(200);
    expect((await stat(join(folder, 'data/postgres'))).uid).toBe(65534);
  },
);

(asRoot ? it : it.skip)(
  'The programs of the embedded PostgreSQL are copied out of a folder that only root may enter',
  async () => {
    const bin = join(folder, 'closed/native/bin');
    await mkdir(bin, { recursive: true });
    await writeFile(join(bin, 'initdb'), '#!/bin/sh\necho done', { mode: 0o755 });
    await writeFile(join(bin, 'postgres'), '', { mode: 0o755 });
    await chmod(folder, 0o755);
    const binaries = { initdb: join(bin, 'initdb'), postgres: join(bin, 'postgres') };

    expect(await reachableByAll(binaries, join(folder, 'cache'))).toEqual(binaries);

    await chmod(join(folder, 'closed'), 0o700);
    const copies = await reachableByAll(binaries, join(folder, 'cache'));
    expect(execFileSync(copies.initdb, { uid: 65534, gid: 65534, encoding: 'utf8' })).toBe('done\n');
    expect(await reachableByAll(binaries, join(folder, 'cache'))).toEqual(copies);
  },
);

import { execFileSync } from 'node:child_process';
import { chmod, chown, mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { reachableByAll } from '../src/embedded-postgres/postgres-binaries.js';
import { eventually, ServiceProcess } from './helpers/process.js';
import { SUCCESS } from './helpers/service.js';

/** The folder of one test, and the services in it. */
class Setup {
  private readonly services: ServiceProcess[] = [];

  private constructor(readonly folder: string) {}

  static async create(): Promise<Setup> {
    return new Setup(await mkdtemp(join(tmpdir(), 'openim-group-sync-embedded-')));
  }

  /** Starts the service without `DATABASE_URL`, with the folder of the test as DATA_DIR. */
  start(prefix: string[] = []): ServiceProcess {
    const service = ServiceProcess.start({ DATA_DIR: join(this.folder, 'data') }, prefix);
    this.services.push(service);
    return service;
  }

  async postmasterPid(): Promise<number> {
    return Number.parseInt(await readFile(join(this.folder, 'data/postgres/postmaster.pid'), 'utf8'), 10);
  }

  async end(): Promise<void> {
    await Promise.all(this.services.map((service) => service.end()));
    await rm(this.folder, { recursive: true, force: true });
  }
}

/** Makes a test of work in a folder of its own. Most of these tests wait for the disk, so they run at the same time. */
const inFolder = (work: (setup: Setup) => Promise<void>) => async (): Promise<void> => {
  const setup = await Setup.create();
  try {
    await work(setup);
  } finally {
    await setup.end();
  }
};

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

it.concurrent(
  'The embedded PostgreSQL starts without DATABASE_URL, keeps its data across a restart, and ends with the service',
  inFolder(async (setup) => {
    const { folder } = setup;
    const first = setup.start();
    await first.says(/The database is ready/);
    expect(await first.post({ groupID: 'a' })).toEqual({ status: 200, body: SUCCESS });
    const pid = await setup.postmasterPid();
    expect(await first.end('SIGINT')).toBe(0);
    expect(isAlive(pid)).toBe(false);

    const second = setup.start();
    await second.says(/The database is ready/);
    expect(await groupIDs(second)).toEqual(['a']);
    expect((await stat(join(folder, 'data/postgres.password'))).mode & 0o077).toBe(0);
    expect(second.log).not.toContain(await readFile(join(folder, 'data/postgres.password'), 'utf8'));
  }),
);

it.concurrent(
  'A killed service loses no acknowledged callback, and the next one replaces the PostgreSQL that it left running',
  inFolder(async (setup) => {
    const first = setup.start();
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
    const orphan = await setup.postmasterPid();
    expect(isAlive(orphan)).toBe(true);

    const second = setup.start();
    await second.says(/The database is ready/);
    expect(isAlive(orphan)).toBe(false);
    const { body } = await second.get('/admin/groups?limit=500');
    expect((body['items'] as { groupID: string }[]).map(({ groupID }) => groupID)).toEqual(
      expect.arrayContaining(acknowledged),
    );
  }),
);

it.concurrent(
  'A killed PostgreSQL is started again, and loses no acknowledged callback',
  inFolder(async (setup) => {
    const service = setup.start();
    await service.says(/The database is ready/);
    await service.post({ groupID: 'a' });

    process.kill(await setup.postmasterPid(), 'SIGKILL');

    await service.says(/The embedded PostgreSQL ended by itself/);
    await eventually(async () => expect((await service.post({ groupID: 'b' })).status).toBe(200));
    expect(await groupIDs(service)).toEqual(['a', 'b']);
  }),
);

it.concurrent(
  'A second service on the same DATA_DIR ends with an error, and does not disturb the first one',
  inFolder(async (setup) => {
    const { folder } = setup;
    const first = setup.start();
    await first.says(/The database is ready/);

    const second = setup.start();

    expect((await second.exited)[0]).toBe(1);
    expect(second.log).toContain(`${join(folder, 'data')} is in use by another openim-group-sync`);
    expect((await first.post({ groupID: 'a' })).status).toBe(200);
  }),
);

it.concurrent(
  'A first start that was killed is completed by the next start',
  inFolder(async (setup) => {
    const { folder } = setup;
    const first = setup.start();
    await eventually(async () => (await stat(join(folder, 'data'))).isDirectory());
    first.child.kill('SIGKILL');
    await first.exited;

    const second = setup.start();
    await second.says(/The database is ready/);
    expect((await second.post({ groupID: 'a' })).status).toBe(200);
  }),
);

const asRoot = process.getuid?.() === 0;

(asRoot ? it.concurrent : it.concurrent.skip)(
  'The embedded PostgreSQL runs as an ordinary user',
  inFolder(async (setup) => {
    const { folder } = setup;
    await chmod(folder, 0o755);
    await chown(folder, 65534, 65534);

    const service = setup.start(['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups']);

    await service.says(/The database is ready/);
    expect((await service.post({ groupID: 'a' })).status).toBe(200);
    expect((await stat(join(folder, 'data/postgres'))).uid).toBe(65534);
  }),
);

(asRoot ? it.concurrent : it.concurrent.skip)(
  'The embedded PostgreSQL runs for root in a folder that only root may enter',
  inFolder(async (setup) => {
    const { folder } = setup;
    await chmod(folder, 0o700);

    const service = setup.start();

    await service.says(/The database is ready/);
    expect((await service.post({ groupID: 'a' })).status).toBe(200);
    expect((await stat(join(folder, 'data/postgres'))).uid).toBe(65534);
  }),
);

(asRoot ? it.concurrent : it.concurrent.skip)(
  'The programs of the embedded PostgreSQL are copied out of a folder that only root may enter',
  inFolder(async (setup) => {
    const { folder } = setup;
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
  }),
);

import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { canMakeCertificates, makeCertificate } from '../helpers/certificate.js';
import { PgBouncer } from '../helpers/pgbouncer.mjs';
import { PostgresServer } from './helpers/postgres-server.js';
import { Rehearsal } from './helpers/rehearsal.js';
import { Replica } from './helpers/replica.js';
import { scratchFolder } from './helpers/scratch-folder.js';
import { underLoad } from './helpers/under-load.js';

let postgres: PostgresServer;
let replica: Replica;

afterEach(async () => {
  await replica?.remove();
  await postgres?.remove();
});

const SKIPPED = [{}, {}] as const;

it('PostgreSQL behind a unix socket restarts', async () => {
  const rehearsal = new Rehearsal('Sessions: unix socket');
  postgres = await PostgresServer.create({ unix_socket_directories: tmpdir() });
  const { username, password, port, pathname } = new URL(postgres.url);
  replica = await Replica.start(
    `postgres://${username}:${password}@${pathname}?host=${tmpdir()}&port=${port}`,
  );
  const { ledger, verdict } = await underLoad(replica.url, [replica], postgres.url, async () => {
    for (let restarts = 0; restarts < 3; restarts += 1) {
      await postgres.stop();
      await sleep(2000);
      await postgres.start();
      await replica.ready();
      await sleep(1500);
    }
  });
  expect(await rehearsal.endOf('3 restarts, down for 2 s', ledger, verdict)).toEqual({});
});

it('the certificate of PostgreSQL changes to an untrusted one, and to an expired one', async () => {
  const rehearsal = new Rehearsal('Sessions: certificate');
  if (!canMakeCertificates) {
    await rehearsal.end('SKIPPED: openssl is not installed', ...SKIPPED);
    return;
  }
  const folder = await scratchFolder();
  const trusted = makeCertificate(join(folder, 'trusted'));
  const others = [
    makeCertificate(join(folder, 'other')),
    makeCertificate(join(folder, 'expired'), new Date(Date.now() - 86_400_000)),
  ];
  postgres = await PostgresServer.create();
  await postgres.useCertificate(trusted);
  replica = await Replica.start(`${postgres.url}?sslmode=verify-full&sslrootcert=${trusted.certificate}`);
  const { ledger, verdict } = await underLoad(replica.url, [replica], postgres.url, async () => {
    for (const other of others) {
      await postgres.useCertificate(other);
      await sleep(3000);
      await postgres.useCertificate(trusted);
      await replica.ready();
      await sleep(2000);
    }
  });
  expect(await rehearsal.endOf('2 certificates for 3 s each', ledger, verdict)).toEqual({});
});

it('PgBouncer restarts, and runs in transaction mode for a while', async () => {
  const rehearsal = new Rehearsal('Sessions: PgBouncer');
  if (!PgBouncer.isInstalled) {
    await rehearsal.end('SKIPPED: PgBouncer is not installed', ...SKIPPED);
    return;
  }
  postgres = await PostgresServer.create();
  let pooler = await PgBouncer.start(postgres.url, { pool_mode: 'session' });
  const settings = { listen_port: new URL(pooler.url).port, default_pool_size: '12' };
  replica = await Replica.start(pooler.url);
  const { ledger, verdict } = await underLoad(replica.url, [replica], postgres.url, async () => {
    for (const pool_mode of ['session', 'transaction', 'session', 'transaction', 'session']) {
      await pooler.stop();
      pooler = await PgBouncer.start(postgres.url, { pool_mode, ...settings });
      await sleep(3000);
    }
  });
  expect(await rehearsal.endOf('5 restarts, 2 of them in transaction mode for 3 s', ledger, verdict)).toEqual(
    {},
  );
  await pooler.stop();
});

import { jest } from '@jest/globals';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { TestDatabase } from './helpers/database.js';
import { eventually, ServiceProcess } from './helpers/process.js';
import { Service } from './helpers/service.js';

/** What a test changes of the url of its database. */
type Change = (url: URL) => void;

/** The user `nobody` for tests of root, who may do everything. */
const NOBODY =
  process.getuid?.() === 0 ? ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups'] : [];
const firstPort = (): number => {
  try {
    return Number(readFileSync('/proc/sys/net/ipv4/ip_unprivileged_port_start', 'utf8'));
  } catch {
    return 0;
  }
};

let database: TestDatabase;
let empty: TestDatabase;
/** A folder in which the service may not write. */
let closed: string;
let silent: ReturnType<typeof createServer>;
const portOf = (server: ReturnType<typeof createServer>) => (server.address() as AddressInfo).port;

beforeAll(async () => {
  [database, empty] = await Promise.all([TestDatabase.create(), TestDatabase.create('template0')]);
  closed = await mkdtemp(join(tmpdir(), 'openim-group-sync-closed-'));
  await chmod(closed, 0o500);
  silent = createServer(() => undefined).listen(0, '127.0.0.1');
  await once(silent, 'listening');
});

afterAll(async () => {
  silent.close();
  await rm(closed, { recursive: true });
  await Promise.all([database.drop(), empty.drop()]);
});

afterAll(() => ServiceProcess.endAll());

/** The lines of the log that are no information, without those about settings of the tests. */
const problems = (service: ServiceProcess) =>
  service.log
    .split('\n')
    .filter(
      (line) => /"level":"(warn|error|fatal)"/.test(line) && !/JOURNAL is off|OPENIM_API_URL is/.test(line),
    )
    .map((line) => JSON.parse(line) as { level: string; reason?: string; msg: string });

const lowPorts = firstPort() > 80 ? it : it.skip;

/** Starts a service that ends, and returns the reason of its only line. */
async function reasonOfEnd(environment: Record<string, string>, prefix?: string[]): Promise<unknown> {
  const service = ServiceProcess.start({ DATABASE_URL: database.url, ...environment }, prefix);
  expect((await service.exited)[0]).toBe(1);
  expect(problems(service)).toEqual([
    { level: 'fatal', time: expect.any(String), reason: expect.any(String), msg: 'The service cannot run' },
  ]);
  return problems(service)[0]!.reason;
}

describe('A start that fails logs one line with what to do, without a stack, and exits with 1:', () => {
  it('a port in use', async () => {
    const PORT = portOf(silent);
    expect(await reasonOfEnd({ PORT: String(PORT) })).toBe(`Port ${PORT} is in use; set PORT=${PORT + 1}`);
  });

  lowPorts('a port that needs more rights (skipped where none does)', async () => {
    expect(await reasonOfEnd({ PORT: '80' }, NOBODY)).toBe(
      'Port 80 needs more rights than this user has; set PORT=3000',
    );
  });

  it('an address of another machine', async () => {
    expect(await reasonOfEnd({ HOST: '192.0.2.1' })).toBe(
      'HOST 192.0.2.1 is not an address of this machine; set HOST=0.0.0.0 for all',
    );
  });

  it('an embedded PostgreSQL in a DATA_DIR that it may not write', async () => {
    expect(await reasonOfEnd({ DATABASE_URL: '', DATA_DIR: join(closed, 'data') }, NOBODY)).toMatch(
      /^DATA_DIR cannot be used: \w+: .*; set DATA_DIR to a folder that this user can write$/,
    );
  });

  it('migrations that the role may not apply', async () => {
    const [{ name }] = (await empty.query('SELECT current_database() AS name')) as [{ name: string }];
    await empty.query(`CREATE ROLE "${name}" LOGIN PASSWORD 'p'; REVOKE CREATE ON SCHEMA public FROM public`);
    const url = Object.assign(new URL(empty.url), { username: name, password: 'p' });
    expect(await reasonOfEnd({ DATABASE_URL: url.href })).toBe(
      'The user in DATABASE_URL lacks a right: permission denied for schema public; make it the owner of the database, or run the migrations as the owner and set RUN_MIGRATIONS=false',
    );
    await empty.query(`DROP ROLE "${name}"`);
  });
});

describe('The service waits, with one line that says why and what to do, for', () => {
  it.each<[string, Change, string]>([
    [
      'a database that does not exist',
      (url) => (url.pathname = '/no_such_database'),
      'database "no_such_database" does not exist; create the database, or correct its name in DATABASE_URL',
    ],
    [
      'a right password',
      (url) => (url.password = 'wrong'),
      'password authentication failed for user "postgres"; correct the user or the password in DATABASE_URL',
    ],
    [
      'a PostgreSQL that listens',
      (url) => (url.port = '9'),
      'connect ECONNREFUSED 127.0.0.1:9; start PostgreSQL, or correct the host and the port in DATABASE_URL',
    ],
    [
      'a host that can be resolved',
      (url) => (url.hostname = 'no-such-host.invalid'),
      'getaddrinfo \\w+ no-such-host.invalid; correct the host in DATABASE_URL, or let this machine reach it .*',
    ],
    [
      'a host that answers',
      (url) => (url.port = String(portOf(silent))),
      '.*time.*; look whether PostgreSQL hangs, correct the host in DATABASE_URL, or open the way to it .*',
    ],
    [
      'a server with TLS',
      (url) => (url.search = 'sslmode=verify-full'),
      'The server does not support SSL connections; remove sslmode from DATABASE_URL',
    ],
  ])('%s', async (_, change, reason) => {
    const service = await Service.start({}, async (url) => {
      const changed = new URL(url);
      change(changed);
      return changed.href;
    });
    const waits = () => service.log.filter(({ context }) => context === 'Database');
    await eventually(() => waits().length > 0);
    expect(waits()).toEqual([
      {
        level: 'warn',
        time: expect.any(String),
        context: 'Database',
        reason: expect.stringMatching(new RegExp(`^${reason}$`)),
        msg: 'Waiting for the database',
      },
    ]);
    await service.stop();
  });

  it('a minute, and says it again', async () => {
    const service = await Service.start({}, async (url) => url.replace(/:\d+\//, ':9/'));
    const waits = () => service.log.filter(({ msg }) => msg === 'Waiting for the database');
    await eventually(() => waits().length === 1);
    const now = performance.now.bind(performance);
    jest.spyOn(performance, 'now').mockImplementation(() => now() + 60_000);
    await eventually(() => waits().length === 2);
    expect(waits()[1]).toMatchObject({ reason: waits()[0]!['reason'] });
    jest.restoreAllMocks();
    await service.stop();
  });
});

it('A journal in a folder that the service may not write is one line that says so, and the service runs', async () => {
  const service = ServiceProcess.start(
    { DATABASE_URL: database.url, JOURNAL: 'on', DATA_DIR: join(closed, 'data') },
    NOBODY,
  );
  await service.says(/The database is ready/);
  expect(problems(service)).toEqual([
    expect.objectContaining({
      level: 'warn',
      reason: expect.stringMatching(/^EACCES: permission denied, mkdir/),
      msg: expect.stringMatching(
        /^The journal cannot be opened: .* DATA_DIR must be a folder that this user can write/,
      ),
    }),
  ]);
  expect(service.log).not.toMatch(/stack/);
  await service.end();
});

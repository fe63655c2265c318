import { readConfig } from '../src/config/read-config.js';
import { OpenImRefusal, OpenImUnreachable } from '../src/openim/openim-error.js';
import { OpenImClient } from '../src/openim/openim.client.js';
import { FakeOpenIm } from './helpers/fake-openim.js';
import { newGroup } from './helpers/world.js';

let openIm: FakeOpenIm;
let clients: OpenImClient[] = [];

beforeEach(async () => {
  openIm = await FakeOpenIm.start();
});

afterEach(async () => {
  clients.forEach((client) => client.close());
  clients = [];
  await openIm.stop();
});

function connect(settings: Record<string, string> = {}): OpenImClient {
  const client = new OpenImClient(readConfig({ NODE_ENV: 'test', ...openIm.settings, ...settings }));
  clients.push(client);
  return client;
}

const tokens = () => openIm.requests.filter((path) => path === '/auth/get_admin_token').length;
const twenty = <T>(ask: () => Promise<T>) => Promise.all(Array.from({ length: 20 }, ask));

describe('The token', () => {
  it('is requested once by concurrent calls', async () => {
    const client = connect();
    await twenty(() => client.listGroups(1, 10));
    expect(tokens()).toBe(1);
    expect(openIm.requests).toHaveLength(21);
  });

  it('is requested once more by concurrent calls when OpenIM rejects it', async () => {
    const client = connect();
    await client.listGroups(1, 10);
    openIm.faults = { evictTokens: true };
    await connect().listGroups(1, 10);
    expect(tokens()).toBe(2);
    await twenty(() => client.listGroups(1, 10));
    expect(tokens()).toBe(3);
  });

  it.each([
    [{ OPENIM_SECRET: 'wrong' }, /refused \/auth\/get_admin_token: 1002 secret error/],
    [{ OPENIM_ADMIN_USER_ID: 'somebody' }, /refused \/auth\/get_admin_token: 1001/],
  ])('is refused with %o: the error has the reason, and there is no retry', async (settings, message) => {
    await expect(connect(settings).listGroups(1, 10)).rejects.toThrow(message);
    expect(openIm.requests).toHaveLength(1);
  });
});

describe('A request', () => {
  it('has its own operationID', async () => {
    const client = connect();
    await twenty(() => client.listGroups(1, 10));
    expect(new Set(openIm.operationIDs).size).toBe(21);
  });

  it('is retried three times where a proxy answers', async () => {
    const client = connect();
    await client.listGroups(1, 10);
    openIm.faults = { failures: 3 };
    expect(await client.listGroups(1, 10)).toEqual({ total: 0, groups: new Map() });
    openIm.faults = { html502: true };
    const before = openIm.requests.length;
    await expect(client.listGroups(1, 10)).rejects.toThrow(OpenImUnreachable);
    expect(openIm.requests.length - before).toBe(4);
  });

  it('is not retried where OpenIM refuses', async () => {
    const client = connect();
    await expect(client.getChanges([{ groupID: 'no', versionID: '', version: 0 }])).rejects.toThrow(
      OpenImRefusal,
    );
    expect(openIm.requests).toHaveLength(2);
  });

  it('does not follow a redirect', async () => {
    openIm.faults = { redirect: true };
    await expect(connect().listGroups(1, 10)).rejects.toThrow(OpenImUnreachable);
    expect(openIm.requests).not.toContain('/elsewhere');
  });

  it('accepts each limit from 1 to 200 in a second', () => {
    const limits = Array.from({ length: 200 }, (_, index) => String(index + 1));
    expect(() => limits.forEach((limit) => connect({ OPENIM_MAX_RPS: limit }))).not.toThrow();
  });

  it('waits for the limit OPENIM_MAX_RPS', async () => {
    const client = connect({ OPENIM_MAX_RPS: '10' });
    const start = performance.now();
    await twenty(() => client.listGroups(1, 10));
    expect(performance.now() - start).toBeGreaterThan(1900);
  });

  it('ends at once when the service stops', async () => {
    openIm.faults = { slowMs: 5000 };
    const client = connect();
    const asked = twenty(() => client.listGroups(1, 10));
    setImmediate(() => client.close());
    await expect(asked).rejects.toThrow('the service stops');
  });
});

it('The error of an unreachable OpenIM has the reason', async () => {
  const client = connect({ OPENIM_API_URL: 'http://127.0.0.1:2999/' });
  await expect(client.listGroups(1, 10)).rejects.toThrow(
    'OpenIM did not answer /auth/get_admin_token: ECONNREFUSED',
  );
});

it('A list that is null is read as empty', async () => {
  expect(await connect().getGroups(['no'])).toEqual(new Map());
});

it('Times and texts are converted to values that PostgreSQL can hold', async () => {
  const group = newGroup(0, -62_135_596_800_000);
  group.groupName = 'a\0b';
  openIm.add(group);
  const infos = await connect().getGroups([group.groupID]);
  expect(infos.get(group.groupID)).toMatchObject({
    groupName: 'a\uFFFDb',
    createTime: '1970-01-01T00:00:00.000Z',
  });
});

import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import { DataSource } from 'typeorm';
import { eventually } from './helpers/process.js';
import { CREATE, KEY, Service, SUCCESS, TOKEN } from './helpers/service.js';

const group = (groupID: string) => ({ callbackCommand: CREATE, groupID, ownerUserID: 'o' });
const basic = (token: string) => ({ authorization: `Basic ${btoa(`openim:${token}`)}` });

const request = (method: string, target: string, more = '', body = '') =>
  `${method} ${target} HTTP/1.1\r\nHost: x\r\n${more}\r\n${body}`;
const callback = (groupID: string, inChunks = false, token = TOKEN): string => {
  const json = JSON.stringify(group(groupID));
  const [length, body] = inChunks
    ? ['Transfer-Encoding: chunked', `${json.length.toString(16)}\r\n${json}\r\n0\r\n\r\n`]
    : [`Content-Length: ${json.length}`, json];
  return request(
    'POST',
    `/callback/${CREATE}`,
    `Authorization: ${basic(token).authorization}\r\nContent-Type: application/json\r\n${length}\r\n`,
    body,
  );
};

const head = (length: number, more: string) =>
  `POST /callback/${CREATE} HTTP/1.1\r\nHost: x\r\nAuthorization: ${basic(TOKEN).authorization}\r\nContent-Type: application/json\r\n${more}Content-Length: ${length}\r\n\r\n`;

/** Opens a connection, and collects everything that it receives. */
async function open(
  service: Service,
): Promise<{ socket: Socket; text: () => string; closed: Promise<unknown> }> {
  const socket = connect(Number(new URL(service.url).port), '127.0.0.1');
  let text = '';
  socket.on('data', (data) => (text += String(data)));
  socket.on('error', () => undefined);
  // A reset comes where the sender goes on after the answer; `once` would throw it.
  const closed = new Promise((resolve) => socket.once('close', resolve));
  await once(socket, 'connect');
  return { socket, text: () => text, closed };
}

describe('The time limit of a request', () => {
  let service: Service;
  beforeAll(async () => {
    service = await Service.start();
  });
  afterAll(() => service.stop());

  // These two wait for 14 s and 30 s.
  it.concurrent(
    "ends a body that does not arrive with 503 in OpenIM's reply format, and closes the connection",
    async () => {
      const { socket, text, closed } = await open(service);
      socket.write(
        `POST /callback/${CREATE} HTTP/1.1\r\nHost: x\r\nAuthorization: ${basic(TOKEN).authorization}\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n{`,
      );
      const start = Date.now();
      await closed;
      expect(text()).toMatch(/^HTTP\/1\.1 503 [\s\S]*"errCode":503/);
      expect(Date.now() - start).toBeLessThan(36_000);
    },
  );

  it.concurrent(
    'ends a head that arrives byte by byte with 408, and closes a silent connection as an idle one without an answer',
    async () => {
      const server = service.app.getHttpServer();
      const { keepAliveTimeout } = server;
      server.keepAliveTimeout = 14_000;
      const start = Date.now();
      const slow = await open(service);
      const silent = await open(service);
      const late = await open(service);
      server.keepAliveTimeout = keepAliveTimeout;
      slow.socket.write('POST /callback/x HTTP/1.1\r\nX: ');
      const letters = setInterval(() => slow.socket.write('a'), 200);
      await slow.closed;
      clearInterval(letters);
      expect(slow.text()).toMatch(/^HTTP\/1\.1 408 Request Timeout\r\n/);
      expect(Date.now() - start).toBeLessThan(13_500);

      late.socket.write(request('GET', '/health/live', 'Connection: close\r\n'));
      await Promise.all([silent.closed, late.closed]);
      expect(Date.now() - start).toBeGreaterThanOrEqual(13_900);
      expect(Date.now() - start).toBeLessThan(16_000);
      expect(silent.text()).toBe('');
      expect(late.text()).toMatch(/^HTTP\/1\.1 200 /);
    },
  );

  it.each([
    ['a callback', [callback('half')], [200]],
    ['a callback in chunks', [callback('half', true)], [200]],
    ['a callback with a wrong token', [callback('half', false, 'wrong')], [401]],
    ['an admin request', [request('GET', '/admin/groups', `Authorization: Bearer ${KEY}\r\n`)], [200]],
    [
      'several pipelined requests',
      [callback('half'), request('GET', '/health/live'), callback('half2')],
      [200, 200, 200],
    ],
    ['half a request', [callback('half').slice(0, -5)], [400]],
  ])(
    'does not end a connection whose client closes its sending side after %s and before the answer',
    async (_, requests, statuses) => {
      await service.database.query('BEGIN');
      await service.database.query('LOCK TABLE groups');
      const { socket, text, closed } = await open(service);
      socket.end(requests.join(''));
      await sleep(200);
      await service.database.query('COMMIT');
      await closed;
      expect(Array.from(text().matchAll(/HTTP\/1\.1 (\d+)/g), ([, status]) => Number(status))).toEqual(
        statuses,
      );
    },
  );

  it('is not used up by 5,000 idle connections', async () => {
    const idle: Socket[] = [];
    for (let batch = 0; batch < 50; batch += 1) {
      const opened = await Promise.all(Array.from({ length: 100 }, () => open(service)));
      idle.push(...opened.map(({ socket }) => socket));
    }
    for (const n of [1, 2, 3]) {
      const start = Date.now();
      expect((await service.post(CREATE, group(`idle${n}`))).body).toEqual(SUCCESS);
      expect(Date.now() - start).toBeLessThan(4000);
    }
    idle.forEach((socket) => socket.destroy());
  });
});

describe('A body over CALLBACK_BODY_LIMIT', () => {
  it('is rejected before its end, even while it is being inflated', async () => {
    const service = await Service.start({ CALLBACK_BODY_LIMIT: '64kb' });
    const bomb = gzipSync(Buffer.alloc(64 * 1024 * 1024, ' '));
    expect(bomb.length).toBeLessThan(70_000);
    expect((await service.post(CREATE, bomb, { 'content-encoding': 'gzip' })).status).toBe(413);

    const { socket, text, closed } = await open(service);
    socket.write(
      `POST /callback/${CREATE} HTTP/1.1\r\nHost: x\r\nAuthorization: ${basic(TOKEN).authorization}\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n`,
    );
    const chunk = `10000\r\n${' '.repeat(0x10000)}\r\n`;
    const chunks = setInterval(() => socket.write(chunk), 10);
    const start = Date.now();
    await closed;
    clearInterval(chunks);
    expect(text()).toMatch(/^HTTP\/1\.1 413 [\s\S]*"errCode":413/);
    expect(Date.now() - start).toBeLessThan(10_000);
    await service.stop();
  });
});

it('A body that cannot be inflated does not delay the next request of its connection', async () => {
  const service = await Service.start();
  const { socket, text } = await open(service);
  socket.write(head(1_000_000, 'Content-Encoding: gzip\r\n') + 'x'.repeat(1_000_000));
  const body = JSON.stringify(group('g'));
  socket.write(head(body.length, '') + body);
  await eventually(async () => /HTTP\/1\.1 400 [\s\S]*HTTP\/1\.1 200 /.test(text()), 5000);
  expect((await service.rows()).groups).toMatchObject([{ group_id: 'g' }]);
  socket.destroy();
  await service.stop();
});

const large = (groupID: string, size = 700_000) =>
  JSON.stringify({ ...group(groupID), ex: 'x'.repeat(size) });

describe('Bodies over CALLBACK_IN_FLIGHT_LIMIT', () => {
  const LIMIT = 1024 * 1024;
  let service: Service;

  beforeAll(async () => {
    service = await Service.start({ CALLBACK_IN_FLIGHT_LIMIT: '1mb', CALLBACK_BODY_LIMIT: '1mb' });
  });
  afterAll(() => service.stop());

  const post = (groupID: string, size?: number) => service.post(CREATE, large(groupID, size));
  /** Sends the first part of a large body. */
  const half = async (groupID: string) => {
    const connection = await open(service);
    const body = large(groupID);
    connection.socket.write(head(body.length, 'Connection: close\r\n') + body.slice(0, 300_000));
    await sleep(100);
    return { ...connection, rest: body.slice(300_000) };
  };
  const inFlight = {
    status: 503,
    body: {
      actionCode: 1,
      errCode: 503,
      errDlt: expect.stringContaining(`${LIMIT} bytes (CALLBACK_IN_FLIGHT_LIMIT)`),
    },
  };

  it('are rejected at once, by their length or while they arrive, and small bodies are not', async () => {
    const first = await half('first');
    const start = Date.now();
    const byLength = await post('second');
    expect(byLength).toMatchObject(inFlight);
    expect(byLength.headers.get('retry-after')).toBe('1');
    const body = large('third');
    const chunked = await open(service);
    chunked.socket.write(
      `${head(0, '').replace('Content-Length: 0', 'Connection: close\r\nTransfer-Encoding: chunked')}${body.length.toString(16)}\r\n${body}\r\n0\r\n\r\n`,
    );
    await chunked.closed;
    expect(chunked.text()).toMatch(
      /^HTTP\/1\.1 503 [\s\S]*Retry-After: 1\r\n[\s\S]*CALLBACK_IN_FLIGHT_LIMIT/,
    );
    expect(await service.post(CREATE, gzipSync(body), { 'content-encoding': 'gzip' })).toMatchObject(
      inFlight,
    );
    expect(Date.now() - start).toBeLessThan(2500);
    const small = await Promise.all(
      Array.from({ length: 20 }, async (_, n) => (await service.post(CREATE, group(`small${n}`))).status),
    );
    expect(small).toEqual(Array.from({ length: 20 }, () => 200));

    first.socket.write(first.rest);
    await first.closed;
    expect(first.text()).toMatch(/^HTTP\/1\.1 200 /);
    expect((await post('second')).status).toBe(200);
  });

  it('are rejected even if they are small, and large ones count separately', async () => {
    const parts = Array.from({ length: 11 }, () => open(service));
    for (const { socket } of await Promise.all(parts)) {
      socket.write(head(100_000, 'Connection: close\r\n'));
    }
    await sleep(100);
    expect(
      await service.post(CREATE, JSON.stringify({ ...group('s'), ex: 'x'.repeat(90_000) })),
    ).toMatchObject(inFlight);
    expect((await post('large')).status).toBe(200);
    await Promise.all((await Promise.all(parts)).map(({ socket, closed }) => (socket.destroy(), closed)));
  });

  it.each<[string, () => Promise<unknown>]>([
    ['is written', () => post('a')],
    ['is not JSON', () => service.post(CREATE, 'x'.repeat(700_000))],
    ['is too large', () => service.post(CREATE, 'x'.repeat(LIMIT + 1))],
    [
      'grows too large',
      () => service.post(CREATE, gzipSync('x'.repeat(2 * LIMIT)), { 'content-encoding': 'gzip' }),
    ],
    ['is not mirrored', () => service.post('callbackOther', 'x'.repeat(700_000))],
    ['is of another media type', () => service.post(CREATE, large('b'), { 'content-type': 'text/plain' })],
    ['cannot be inflated', () => service.post(CREATE, 'x'.repeat(700_000), { 'content-encoding': 'gzip' })],
    [
      'ends before its length',
      async () => {
        const { socket } = await half('broken');
        socket.destroy();
      },
    ],
  ])('do not include a finished body that %s', async (_, send) => {
    for (let n = 0; n < 3; n += 1) {
      await send();
    }
    await eventually(async () => expect((await post('after', 900_000)).status).toBe(200), 3000);
    const [one, two] = await Promise.all([post('one', 300_000), post('two', 300_000)]);
    expect([one.status, two.status]).toEqual([200, 200]);
  });
});

describe('Many callbacks at the same time', () => {
  it('are rejected at once beyond the number that can be written in time, and the others are written', async () => {
    const service = await Service.start({ DATABASE_POOL_SIZE: '1' });
    expect((await service.post(CREATE, group('g'))).status).toBe(200);
    await service.database.query('BEGIN');
    await service.database.query("SELECT FROM groups WHERE group_id = 'g' FOR UPDATE");
    const refused: unknown[] = [];
    const answers = Array.from({ length: 108 }, async (_, n) => {
      const { status, body } = await service.post(CREATE, {
        ...group('g'),
        groupName: `${n}`,
        createTime: n,
      });
      if (status !== 200) {
        refused.push(body.errDlt);
      }
    });
    await eventually(async () => refused.length === 8, 2500); // while the others wait
    await service.database.query('COMMIT');

    await Promise.all(answers);
    expect(refused).toEqual(Array.from({ length: 8 }, () => 'More than 100 callbacks came at once'));
    await service.stop();
  });
});

const from = (address: string) => ({ 'x-forwarded-for': address });

describe('Requests with wrong credentials', () => {
  let service: Service;

  beforeEach(async () => {
    service = await Service.start({ TRUSTED_PROXIES: 'loopback' });
  });
  afterEach(() => service.stop());

  const admin = async (key: string, address: string) =>
    service.fetch('/admin/groups', { headers: { authorization: `Bearer ${key}`, ...from(address) } });
  const tryAdmin = async (address: string, times: number) => {
    const statuses = await Promise.all(
      Array.from({ length: times }, async (_, n) => (await admin(`k${n}`, address)).status),
    );
    return statuses.toSorted((a, b) => a - b);
  };

  it('from one address are answered with 401 a hundred times a minute, then with 429', async () => {
    expect(await tryAdmin('192.0.2.1', 102)).toEqual([...Array.from({ length: 100 }, () => 401), 429, 429]);

    const { status, headers, body } = await admin('wrong', '192.0.2.1');
    expect(status).toBe(429);
    expect(Number(headers.get('retry-after'))).toBeGreaterThan(0);
    expect(body).toMatchObject({ statusCode: 429, error: 'Too Many Requests' });
    expect((await admin('wrong', '192.0.2.2')).status).toBe(401);
  });

  it.each([
    ['the valid token', { authorization: `Basic ${btoa('openim:wrong')}` }, basic(TOKEN)],
    ['the valid admin key', { authorization: 'Bearer wrong' }, { authorization: `Bearer ${KEY}` }],
  ])('do not make the service reject %s from the same address', async (_, wrong, right) => {
    const endpoint = wrong.authorization.startsWith('Basic') ? `/callback/${CREATE}` : '/admin/groups';
    const ask = async (secret: { authorization: string }, n: number) =>
      service.fetch(endpoint, {
        ...(endpoint !== '/admin/groups' && { method: 'POST', body: JSON.stringify(group(`g${n}`)) }),
        headers: { 'content-type': 'application/json', ...secret, ...from('192.0.2.3') },
      });
    const answers = await Promise.all(
      Array.from({ length: 150 }, async (__, n) => (await ask(wrong, n)).status),
    );
    expect(answers.filter((status) => status === 429)).toHaveLength(50);
    for (let n = 0; n < 3; n += 1) {
      expect((await ask(right, n)).status).toBe(200);
      expect((await ask(wrong, n)).status).toBe(429);
    }
  });

  it('are counted together for an IPv6 network of 64 bits', async () => {
    for (let n = 0; n < 100; n += 1) {
      await admin('wrong', `2001:db8::${n}`);
    }
    expect((await admin('wrong', '2001:db8:0:0:1::1')).status).toBe(429);
    expect((await admin('wrong', '2001:db8:0:1::1')).status).toBe(401);
  });

  it("at the endpoint of callbacks are answered in OpenIM's reply format", async () => {
    const answers = [];
    for (let n = 0; n < 101; n += 1) {
      answers.push(await service.post(CREATE, group('g'), { ...basic(`t${n}`), ...from('192.0.2.4') }));
    }
    expect(answers[99]!.status).toBe(401);
    expect(answers[100]).toMatchObject({
      status: 429,
      body: { actionCode: 1, errCode: 429, errMsg: 'Too Many Requests', nextCode: 0 },
    });
    expect((await service.fetch('/metrics')).text).toContain(
      'openim_authentication_failures_total{endpoint="callback"} 101',
    );
  });

  it('are counted by the address of the connection where no proxy is trusted', async () => {
    const plain = await Service.start();
    for (let n = 0; n < 101; n += 1) {
      await plain.fetch('/admin/groups', {
        headers: { authorization: 'Bearer no', ...from(`192.0.2.${n}`) },
      });
    }
    expect((await plain.fetch('/admin/groups', { headers: from('192.0.2.200') })).status).toBe(429);
    expect((await plain.admin('/groups')).status).toBe(200);
    await plain.stop();
  });
});

it('A session of PostgreSQL has time limits for statements and locks', async () => {
  const service = await Service.start();
  const [limits] = await service.app
    .get(DataSource)
    .query<object[]>(
      "SELECT current_setting('statement_timeout') AS statement, current_setting('lock_timeout') AS lock",
    );
  expect(limits).toEqual({ statement: '30s', lock: '3s' });
  await service.stop();
});

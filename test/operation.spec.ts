import { once } from 'node:events';
import { type IncomingMessage, request } from 'node:http';
import { connect } from 'node:net';
import { text as readText } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { TestDatabase } from './helpers/database.js';
import { bodyOf, fixture } from './helpers/fixtures.js';
import { ServiceProcess } from './helpers/process.js';
import { CREATE, KEY, Service, SUCCESS, TOKEN } from './helpers/service.js';

/** The log line of an admin request. */
const adminLine = (route: string, statusCode: number, method = 'GET') => ({
  msg: 'admin request',
  req: { method, route },
  res: { statusCode },
  address: '127.0.0.1',
  ms: expect.any(Number),
});

const DELIVERY = `
  INSERT INTO callback_deliveries (id, received_at, command, operation_id, outcome, duration_ms)
  VALUES (gen_random_uuid(), now(), 'c', '', $1, 0)`;

describe('A running service', () => {
  let service: Service;

  beforeAll(async () => {
    service = await Service.start({ ADMIN_API_KEY: `${KEY},second-key`, TRUSTED_PROXIES: 'loopback' });
  });

  afterAll(async () => {
    await service.stop();
  });

  it('answers that it is live and ready', async () => {
    expect(await service.fetch('/health/live')).toMatchObject({ status: 200, body: { status: 'ok' } });
    expect(await service.fetch('/health/ready')).toMatchObject({
      status: 200,
      body: { status: 'ok', info: { database: { status: 'up' } } },
    });
  });

  it('logs one line for a callback, with its command, group and outcome and without secrets', async () => {
    service.log.length = 0;
    await service.post(CREATE, bodyOf(CREATE, 'made-by-operator'));
    await service.post(CREATE, { callbackCommand: CREATE, groupID: 'g', ownerUserID: 1 });
    await service.admin('/groups');

    expect(service.log).toMatchObject([
      {
        level: 'info',
        command: CREATE,
        operationID: '7b1c0d9e44',
        groupID: '2847193056',
        outcome: 'applied',
        ms: expect.any(Number),
      },
      {
        level: 'warn',
        command: CREATE,
        operationID: '7b1c0d9e44',
        outcome: 'rejected',
        problems: expect.stringContaining('ownerUserID'),
      },
      { level: 'info', req: { method: 'GET', route: '/admin/groups' }, res: { statusCode: 200 } },
    ]);
    expect(JSON.stringify(service.log)).not.toMatch(
      new RegExp(`${TOKEN}|${KEY}|${btoa(`openim:${TOKEN}`)}|Weekly sync`),
    );
  });

  it('logs one line for an admin request, with its key, address, route and parameters', async () => {
    const ask = async (path: string, key: string, method = 'GET', headers = {}) =>
      service.fetch(`/admin${path}`, { method, headers: { authorization: `Bearer ${key}`, ...headers } });
    service.log.length = 0;
    await ask('/groups?groupName=x', KEY);
    await ask('/groups/g%201/members', 'second-key', 'GET', { operationid: 'op-1' });
    await ask('/groups/g/refresh', KEY, 'POST');
    await ask('/groups/g', 'wrong');

    const first = { number: 1, fingerprint: expect.stringMatching(/^[0-9a-f]{8}$/) };
    expect(service.log).toMatchObject([
      { ...adminLine('/admin/groups', 200), level: 'info', adminKey: first },
      {
        ...adminLine('/admin/groups/:groupID/members', 404),
        level: 'warn',
        adminKey: { number: 2, fingerprint: expect.stringMatching(/^[0-9a-f]{8}$/) },
        params: { groupID: 'g 1' },
        operationID: 'op-1',
      },
      {
        ...adminLine('/admin/groups/:groupID/refresh', 409, 'POST'),
        adminKey: first,
        params: { groupID: 'g' },
      },
      { ...adminLine('/admin/groups/:groupID', 401), level: 'warn' },
    ]);
    expect(service.log[3]).not.toHaveProperty('adminKey');
    expect(service.log[3]).not.toHaveProperty('params');
    const fingerprints = service.log.flatMap(({ adminKey }) =>
      adminKey === undefined ? [] : [(adminKey as { fingerprint: string }).fingerprint],
    );
    expect(fingerprints[2]).toBe(fingerprints[0]);
    expect(fingerprints[1]).not.toBe(fingerprints[0]);
  });

  it('logs the address of a request with wrong credentials, even beyond the limit', async () => {
    service.log.length = 0;
    for (let n = 0; n < 101; n += 1) {
      await service.post(CREATE, '{}', { authorization: 'Basic no', 'x-forwarded-for': '192.0.2.7' });
    }
    expect(service.log[0]).toMatchObject({ res: { statusCode: 401 }, address: '192.0.2.7' });
    expect(service.log[100]).toMatchObject({ res: { statusCode: 429 }, address: '192.0.2.7' });
  });

  it('counts callbacks by command and outcome', async () => {
    await service.post('callbackAfterSendSingleMsgCommand', {});
    await service.post(CREATE, '{');

    const { headers, text } = await service.fetch('/metrics');
    expect(headers.get('content-type')).toMatch(/^text\/plain/);
    expect(text).toContain(`openim_callbacks_total{command="${CREATE}",outcome="applied"} 1`);
    expect(text).toMatch(new RegExp(`openim_callbacks_total{command="${CREATE}",outcome="rejected"} [1-9]`));
    expect(text).toContain('openim_callbacks_total{command="other",outcome="ignored"} 1');
    expect(text).toMatch(/openim_callback_duration_seconds_count{command="other"} 1/);
    expect(text).toContain('process_resident_memory_bytes');
  });

  it('sends security headers to browsers, and no header that names its software', async () => {
    for (const path of ['/admin/groups', '/docs', '/health/live', '/nothing']) {
      const { headers } = await service.fetch(path);
      expect(headers.get('x-content-type-options')).toBe('nosniff');
      expect(headers.get('content-security-policy')).toContain("default-src 'self'");
      expect(headers.get('x-powered-by')).toBeNull();
    }
    expect((await service.post(CREATE, '{')).headers.get('x-powered-by')).toBeNull();
  });

  it("answers unknown paths in Nest's standard shape", async () => {
    expect(await service.fetch('/nothing')).toMatchObject({
      status: 404,
      body: { statusCode: 404, error: 'Not Found' },
    });
  });

  it('serves its OpenAPI documentation', async () => {
    expect((await service.fetch('/docs')).text).toContain('swagger-ui');
    expect((await service.fetch<{ openapi: string }>('/docs-json')).body.openapi).toMatch(/^3\./);
  });

  it('keeps idle connections open for longer than OpenIM and proxies do', () => {
    expect(service.app.getHttpServer().keepAliveTimeout).toBeGreaterThanOrEqual(65_000);
  });
});

describe('The setting', () => {
  it('CALLBACK_NEXT_CODE=0 makes the nextCode of replies 0', async () => {
    const service = await Service.start({ CALLBACK_NEXT_CODE: '0' });
    expect((await service.post(CREATE, fixture(CREATE, 'documented'))).body).toEqual({
      ...SUCCESS,
      nextCode: 0,
    });
    await service.stop();
  });

  it.each<Record<string, string>>([{ CALLBACK_AUTH: 'none' }, { CALLBACK_TOKEN: '' }])(
    '%j accepts callbacks without a token',
    async (environment) => {
      const service = await Service.start(environment);
      expect((await service.post(CREATE, fixture(CREATE, 'documented'), { authorization: '' })).body).toEqual(
        SUCCESS,
      );
      expect((await service.fetch('/admin/groups')).status).toBe(401);
      await service.stop();
    },
  );
});

describe('The process', () => {
  let database: TestDatabase;

  beforeEach(async () => {
    database = await TestDatabase.create();
  });

  afterEach(async () => {
    await database.drop();
  });

  it.each(['SIGTERM', 'SIGINT'] as const)(
    'finishes the requests in progress on %s, even if it is sent twice, and exits with code 0',
    async (signal) => {
      const service = ServiceProcess.start({ DATABASE_URL: database.url });
      await service.says(/The database is ready/);
      await database.query('BEGIN');
      await database.query('LOCK TABLE groups');
      const callback = service.post({ groupID: 'in-flight' });
      const silent = connect(Number(new URL(await service.url()).port), '127.0.0.1');
      silent.on('error', () => undefined);
      await sleep(300);

      service.child.kill(signal);
      await sleep(200);
      service.child.kill(signal);
      await sleep(200);
      await expect(fetch(`${await service.url()}/health/live`)).rejects.toThrow('fetch failed');
      await database.query('COMMIT');

      expect(await callback).toEqual({ status: 200, body: SUCCESS });
      expect((await service.exited)[0]).toBe(0);
      expect(await database.query('SELECT FROM groups')).toHaveLength(1);
    },
  );

  it('finishes a large callback of which half has arrived at SIGTERM', async () => {
    const service = ServiceProcess.start({ DATABASE_URL: database.url });
    await service.says(/The database is ready/);
    const initMemberList = Array.from({ length: 10_000 }, (_, index) => ({
      userID: `user${index}`,
      roleLevel: 20,
    }));
    const body = JSON.stringify({ callbackCommand: CREATE, groupID: 'g', ownerUserID: 'o', initMemberList });
    const post = request(`${await service.url()}/callback/${CREATE}`, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        'content-length': body.length,
        authorization: `Basic ${btoa('o:t')}`,
      },
    });
    const answered = once(post, 'response') as Promise<[IncomingMessage]>;
    post.write(body.slice(0, 100_000));
    await sleep(300);
    service.child.kill('SIGTERM');
    await sleep(300);
    post.end(body.slice(100_000));

    const [response] = await answered;
    expect([response.statusCode, await readText(response)]).toEqual([200, JSON.stringify(SUCCESS)]);
    expect((await service.exited)[0]).toBe(0);
  });

  it('is not ready while it stops', async () => {
    const service = ServiceProcess.start({ DATABASE_URL: database.url });
    await service.says(/The database is ready/);
    await database.query('BEGIN');
    await database.query('LOCK TABLE groups');
    const { port } = new URL(await service.url());
    const socket = connect(Number(port), '127.0.0.1');
    const answers = readText(socket);
    const body = JSON.stringify({ callbackCommand: CREATE, groupID: 'g', ownerUserID: 'o' });
    socket.write(
      `POST /callback/${CREATE} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nAuthorization: Basic ${btoa('o:t')}\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
    );
    await sleep(300);
    service.child.kill('SIGTERM');
    await sleep(200);
    socket.write('GET /health/ready HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n');
    await sleep(100);
    await database.query('COMMIT');

    expect(await answers).toMatch(/^HTTP\/1.1 200 OK[\s\S]*HTTP\/1.1 503 [\s\S]*shutting_down/);
    expect((await service.exited)[0]).toBe(0);
  });

  it('names the wrong settings, and does not start', async () => {
    const service = ServiceProcess.start({
      NODE_ENV: 'production',
      CALLBACK_TOKEN: '',
      ADMIN_API_KEY: '',
      PORT: '99999',
    });
    expect((await service.exited)[0]).toBe(1);
    for (const variable of ['DATABASE_URL', 'CALLBACK_TOKEN', 'ADMIN_API_KEY', 'PORT']) {
      expect(service.log).toContain(variable);
    }
  });

  it('logs the warnings of libraries as lines of JSON', async () => {
    const warning = `
      import { isMainThread } from 'node:worker_threads';
      setInterval(() => {
        if (isMainThread && process.listenerCount('SIGTERM') > 0) process.emitWarning('It will go', 'DeprecationWarning');
      }, 500).unref()`;
    const service = ServiceProcess.start({
      DATABASE_URL: database.url,
      NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(warning)}`,
    });
    await service.says(/"msg":"It will go"/);
    await service.end();
    for (const line of service.log.trim().split('\n')) {
      expect(JSON.parse(line)).toMatchObject({ msg: expect.any(String) });
    }
  });

  it('in development generates an admin key, logs it with an example, and warns that callbacks are not authenticated', async () => {
    const service = ServiceProcess.start({
      DATABASE_URL: database.url,
      NODE_ENV: 'development',
      ADMIN_API_KEY: '',
      CALLBACK_TOKEN: '',
    });
    const [, key] = await service.says(/the key of this run is (\S{32})/);
    await service.says(/CALLBACKS ARE NOT AUTHENTICATED/);
    await service.says(/The database is ready/);
    const answer = await fetch(`${await service.url()}/admin/groups`, {
      headers: { authorization: `Bearer ${key}` },
    });
    expect(answer.status).toBe(200);
    const lines = service.log.split('\n').filter((line) => line.includes(key!));
    expect(lines).toEqual([
      expect.stringContaining('the key of this run'),
      expect.stringContaining('Try: curl'),
    ]);
    await service.says(
      /needs these lines in its config\/webhooks.yml, and a restart:\nurl: http:\/\/127.0.0.1:\d+\/callback\nafterCreateGroup: +{ enable: true, timeout: 5 }\n/,
    );
    await service.end();
  });

  it('in production logs the lines of webhooks.yml without the token, until the first callback, and not above info', async () => {
    const settings = { DATABASE_URL: database.url, NODE_ENV: 'production', CALLBACK_TOKEN: 'the-token' };
    const first = ServiceProcess.start({ ...settings, HOST: '0.0.0.0' });
    await first.says(
      /"webhooksYml":\["url: http:\/\/openim:YOUR_TOKEN@openim-group-sync:\d+\/callback","afterCreateGroup: /,
    );
    expect(first.log).not.toContain('the-token');
    await first.end();

    await database.query(DELIVERY, ['ignored']);
    const quiet = ServiceProcess.start({ ...settings, LOG_LEVEL: 'warn' });
    const again = ServiceProcess.start(settings);
    await again.says(/"webhooksYml"/);
    await again.end();
    await quiet.end();
    expect(quiet.log).not.toContain('webhooks.yml');

    await database.query(DELIVERY, ['rejected']);
    const last = ServiceProcess.start(settings);
    await last.says(/The database is ready/);
    await last.get('/admin/groups');
    await last.end();
    expect(last.log).not.toContain('webhooks.yml');
  });
});

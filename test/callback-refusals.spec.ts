import { connect } from 'node:net';
import { text as readText } from 'node:stream/consumers';
import { brotliCompressSync, gzipSync } from 'node:zlib';
import { fixture } from './helpers/fixtures.js';
import { eventually } from './helpers/process.js';
import { CREATE, KEY, type Reply, Service, SUCCESS, TOKEN } from './helpers/service.js';

let service: Service;

beforeAll(async () => {
  service = await Service.start({
    CALLBACK_BODY_LIMIT: '1mb',
    CALLBACK_TOKEN: `${TOKEN}, next:token%`,
    TRUSTED_PROXIES: 'loopback',
  });
});

afterEach(async () => {
  expect(await service.rows()).toEqual({ groups: [], members: [] });
  expect((await service.fetch('/health/ready')).status).toBe(200);
});

afterAll(async () => {
  await service.stop();
});

const created = (group: Record<string, unknown>) => ({
  callbackCommand: CREATE,
  groupID: 'g1',
  ownerUserID: 'owner',
  ...group,
});

/** Expects the shape of every refusal: all fields in OpenIM's order, and no others. */
function expectRefusal(
  answer: { status: number; text: string; body: Reply },
  status: number,
  problem?: string | RegExp,
): void {
  expect(answer.status).toBe(status);
  const { errMsg, errDlt } = answer.body;
  expect(answer.text).toBe(JSON.stringify({ actionCode: 1, errCode: status, errMsg, errDlt, nextCode: 0 }));
  expect(errMsg).not.toBe('');
  if (problem) {
    expect(errDlt).toMatch(problem);
  }
}

describe('A callback with an invalid field', () => {
  const texts = [
    'groupID',
    'ownerUserID',
    'groupName',
    'notification',
    'introduction',
    'faceURL',
    'ex',
    'creatorUserID',
    'notificationUserID',
  ];
  const int32s = ['status', 'groupType', 'needVerification', 'lookMemberInfo', 'applyMemberFriend'];
  const int64s = ['createTime', 'notificationUpdateTime'];

  it.each(texts)('is refused where %s is no text', async (field) => {
    for (const value of [1, true, null, {}, [], ['x'], { length: 1 }]) {
      expectRefusal(
        await service.post(CREATE, created({ [field]: value })),
        400,
        new RegExp(`^${field} must be a string`),
      );
    }
  });

  it.each([...int32s, ...int64s, 'memberCount'])('is refused where %s is no whole number', async (field) => {
    for (const value of ['1', '', 1.5, true, null, {}, [], [1], 1e300, 12345678901234567890n]) {
      const body = JSON.stringify(created({ [field]: '?' })).replace('"?"', json(value));
      expectRefusal(
        await service.post(CREATE, body),
        400,
        new RegExp(`^${field} must be a whole number from`),
      );
    }
  });

  it.each([
    ['status', 2147483648],
    ['groupType', -2147483649],
    ['memberCount', -1],
    ['memberCount', 4294967296],
    ['createTime', 9007199254740992],
  ])('is refused where %s is %p, out of range', async (field, value) => {
    expectRefusal(
      await service.post(CREATE, created({ [field]: value })),
      400,
      new RegExp(`^${field} must be a whole number from`),
    );
  });

  it.each([
    [{}, /^initMemberList must be an array or null$/],
    ['x', /^initMemberList must be an array or null$/],
    [{ length: 1, 0: { userID: 'a' } }, /^initMemberList must be an array or null$/],
    [[null], /^initMemberList\[0\] must be an object$/],
    [
      [{ userID: 'a' }, 1, 'x', []],
      /^initMemberList\[1\] must be an object; initMemberList\[2\] must be an object; initMemberList\[3\] must be an object$/,
    ],
    [[{ userID: 1 }], /^initMemberList\[0\]\.userID must be a string/],
    [[{ userID: null }], /^initMemberList\[0\]\.userID must be a string/],
    [[{ userID: 'a'.repeat(256) }], /^initMemberList\[0\]\.userID must be a string of at most 255/],
    [[{ userID: 'a', roleLevel: '20' }], /^initMemberList\[0\]\.roleLevel must be a whole number/],
    [[{ userID: 'a', roleLevel: 2147483648 }], /^initMemberList\[0\]\.roleLevel must be a whole number/],
    [
      Array.from({ length: 30 }, () => 1),
      /initMemberList\[9\] must be an object; initMemberList has 20 more problems$/,
    ],
  ])('is refused where initMemberList is %j', async (initMemberList, problem) => {
    expectRefusal(await service.post(CREATE, created({ initMemberList })), 400, problem);
  });

  it.each(['callbackCommand', 'groupID', 'ownerUserID'])(
    'is refused where %s is absent or empty',
    async (field) => {
      for (const value of [undefined, '']) {
        expectRefusal(await service.post(CREATE, created({ [field]: value })), 400);
      }
    },
  );

  it.each(['groupID', 'ownerUserID', 'creatorUserID', 'notificationUserID'])(
    'is refused where %s is longer than an index can store',
    async (field) => {
      expectRefusal(await service.post(CREATE, created({ [field]: 'x'.repeat(256) })), 400, /255 characters/);
    },
  );

  it('is refused with every problem at once', async () => {
    const { body } = await service.post(CREATE, created({ groupID: '', status: 'x', initMemberList: [1] }));

    expect(body.errDlt).toBe(
      'groupID must be a string of 1 to 255 characters; status must be a whole number from -2147483648 to 2147483647; initMemberList[0] must be an object',
    );
  });

  it('is refused where a worker thread parses its large body', async () => {
    const initMemberList = Array.from({ length: 5000 }, (_, index) => ({
      userID: `user${index}`,
      roleLevel: index === 4999 ? 'x' : 20,
    }));

    // The main thread parses the first one, while the worker starts.
    for (let n = 0; n < 2; n += 1) {
      expectRefusal(
        await service.post(CREATE, created({ initMemberList })),
        400,
        /^initMemberList\[4999\]\.roleLevel must be/,
      );
    }
  });
});

const json = (value: unknown): string => (typeof value === 'bigint' ? String(value) : JSON.stringify(value));

const deep = (depth: number) => '['.repeat(depth) + ']'.repeat(depth);

describe('A body that is no callback', () => {
  it.each([
    ['empty', ''],
    ['JSON that does not end', '{"groupID":'],
    ['a list', '[]'],
    ['null', 'null'],
    ['a text', '"x"'],
    ['a number', '1'],
    ['two objects', '{}{}'],
    ['binary', '\u0000\u0001'],
    ['nested brackets', deep(50_000)],
    ['nested brackets that do not end', '['.repeat(50_000)],
    ['nested objects', '{"a":'.repeat(50_000)],
    [
      'a field of nested brackets',
      `{"callbackCommand":"${CREATE}","groupID":"g1","ownerUserID":"o","groupName":${deep(50_000)}}`,
    ],
    [
      'a list of nested brackets',
      `{"callbackCommand":"${CREATE}","groupID":"g1","ownerUserID":"o","initMemberList":${deep(50_000)}}`,
    ],
    ['only a prototype', '{"__proto__":{"callbackCommand":"x","groupID":"g1","ownerUserID":"o"}}'],
  ])('is refused: %s', async (_, body) => {
    expectRefusal(await service.post(CREATE, body), 400);
  });

  it('is refused where it names another command than the path', async () => {
    const body = created({ callbackCommand: 'callbackAfterQuitGroupCommand' });
    expectRefusal(await service.post(CREATE, body), 400, /callbackCommand must be the command in the path/);
    expectRefusal(
      await service.post('callbackSomethingElse', created({})),
      400,
      /callbackCommand must be the command in the path/,
    );
  });

  it.each([
    'application/x-www-form-urlencoded',
    'multipart/form-data; boundary=x',
    'text/plain',
    'application/json; charset=utf-16',
    'application/jsonp',
    '',
  ])('is refused with the media type %p', async (type) => {
    expectRefusal(
      await service.post(CREATE, fixture(CREATE, 'documented'), { 'content-type': type }),
      415,
      /application\/json/,
    );
  });

  it('is refused with an unknown content encoding', async () => {
    expectRefusal(
      await service.post(CREATE, fixture(CREATE, 'documented'), { 'content-encoding': 'zip' }),
      415,
    );
  });

  it('is refused where it is declared as gzip and is not', async () => {
    expectRefusal(
      await service.post(CREATE, fixture(CREATE, 'documented'), { 'content-encoding': 'gzip' }),
      400,
    );
  });
});

it('A long media type is parsed in linear time', async () => {
  const start = performance.now();
  expectRefusal(
    await service.post(CREATE, '{}', { 'content-type': `application/json${' '.repeat(14_000)}x` }),
    415,
  );
  expect(performance.now() - start).toBeLessThan(500);
});

/** Places for a secret in a request line. */
const targets = (secret: string): string[] => [
  `//openim:${secret}@host/callback`,
  `//openim:${secret}@host/callback/${CREATE}`,
  `///${secret}@host//callback`,
  `/openim:${secret}@host:3000/callback/${CREATE}`,
  `http://openim:${secret}@host/callback/none/x?token=${secret}`,
  `http://openim:${secret}@host/callback/${CREATE}`,
  `HTTPS://openim:${secret}@host`,
  `http://openim:${secret}@host/admin/groups?limit=0`,
  `ftp://openim:${secret}@host/callback/${CREATE}`,
  `/callback;${secret}`,
  `/callback;token=${secret}/${CREATE}`,
  `/callback@${secret}/${CREATE}`,
  `/callback/${secret}`,
  `/callback/${secret}/${CREATE}`,
  `/callback/${CREATE}/${secret}`,
  `/callback/${CREATE};${secret}`,
  `/callback/${secret}%zz`,
  `/callback/${secret}%E0%A4%A`,
  `/callback/..;/${secret}`,
  `/callback?key=${secret}`,
  `/callback?${secret}/${CREATE}`,
  `/callback/${CREATE}?key=${secret}`,
  `/callback/${CREATE}?${secret}`,
  `/callback/${CREATE}#${secret}`,
  `/${secret}/callback/${CREATE}`,
  `/${secret}`,
  `/x?key=${secret}`,
  `/admin/groups?key=${secret}`,
  `/admin/groups/${secret}`,
  `/admin/groups/${secret}/members?limit=${secret}`,
  `/admin/${secret}`,
  `/admin;${secret}/groups`,
];
const spelled = (secret: string) => [secret, encodeURIComponent(secret), secret.toUpperCase()];

it.each([TOKEN, 'next:token%', KEY, 'of another place'])(
  'No line of the log contains the secret %s, wherever it stands in a request line',
  async (secret) => {
    const isKnown = secret !== 'of another place';
    const heads = [
      '',
      `Authorization: Basic ${btoa(`openim:${secret}x`)}\r\n`,
      `Authorization: Bearer ${secret}x\r\n`,
      ...(isKnown
        ? [`Authorization: Basic ${btoa(`openim:${TOKEN}`)}\r\n`, `Authorization: Bearer ${KEY}\r\n`]
        : []),
    ];
    for (const target of targets(encodeURIComponent(secret))) {
      for (const [method, authorization] of ['POST', 'GET'].flatMap((one) =>
        heads.map((head) => [one, head]),
      )) {
        service.log.length = 0;
        await raw(
          `${method} ${target} HTTP/1.1\r\nHost: x\r\nX-Forwarded-For: 192.0.2.1\r\n${authorization}Connection: close\r\nContent-Length: 0\r\n\r\n`,
        );
        await eventually(async () => service.log.length > 0, 2000);
        const lines = JSON.stringify(service.log);
        expect([target, spelled(secret).filter((one) => lines.includes(one))]).toEqual([target, []]);
      }
    }
  },
);

it('The log contains the known parts of a path that no route takes', async () => {
  service.log.length = 0;
  await service.fetch(`/proxy/callback//${CREATE}?x=1`, { method: 'POST' });
  await service.fetch(`/callback/${CREATE}/more`, { method: 'POST' });
  expect(service.log).toMatchObject([
    { msg: 'request', req: { method: 'POST', path: `/*/callback//${CREATE}` }, address: '127.0.0.1' },
    { msg: 'callback denied', req: { method: 'POST', path: `/callback/${CREATE}/*` } },
  ]);
});

describe('A body over the limit', () => {
  it('is refused by its length', async () => {
    expectRefusal(
      await service.post(CREATE, created({ ex: 'x'.repeat(1024 * 1024) })),
      413,
      /CALLBACK_BODY_LIMIT, 1048576 bytes/,
    );
  });

  it.each([
    ['gzip', gzipSync],
    ['br', brotliCompressSync],
  ])('is refused while it is inflated from %s', async (encoding, compress) => {
    const body = compress(JSON.stringify(created({ ex: 'x'.repeat(4 * 1024 * 1024) })));
    expectRefusal(await service.post(CREATE, body, { 'content-encoding': encoding }), 413);
  });

  it('is refused where it arrives in chunks without a length', async () => {
    const chunk = `${(65_536).toString(16)}\r\n${'x'.repeat(65_536)}\r\n`;
    const head = `POST /callback/${CREATE} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nAuthorization: Basic ${btoa(`o:${TOKEN}`)}\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n`;
    expect(await raw(`${head}${chunk.repeat(20)}0\r\n\r\n`)).toMatch(/^HTTP\/1\.1 413 [\s\S]*"errCode":413/);
  });
});

/** Sends bytes on a new connection; returns everything that comes back. */
async function raw(bytes: string): Promise<string> {
  const socket = connect(Number(new URL(service.url).port), '127.0.0.1');
  socket.write(bytes);
  return readText(socket);
}

describe('A request that is no POST of a callback', () => {
  it.each(['GET', 'PUT', 'DELETE', 'PATCH', 'OPTIONS'])('is refused with the method %s', async (method) => {
    expectRefusal(await service.fetch(`/callback/${CREATE}`, { method }), 404);
  });

  it.each([
    '/callback',
    '/callback/',
    `/callback/${CREATE}/more`,
    '/CALLBACK/',
    '/callback/%E0%A4%A',
    '/callback/a%2Fb/c',
  ])('is refused with the path %s', async (path) => {
    const answer = await service.fetch<Reply>(path, {
      method: 'POST',
      headers: { authorization: `Basic ${btoa(`o:${TOKEN}`)}` },
    });
    expectRefusal(answer, path.includes('%E0') ? 400 : 404);
  });
});

describe('The authentication of callbacks', () => {
  it.each([
    ['no credentials', undefined],
    ['another token', `Basic ${btoa('openim:other')}`],
    ['an empty token', `Basic ${btoa('openim:')}`],
    ['the token as the user', `Basic ${btoa(`${TOKEN}:`)}`],
    ['a prefix of the token', `Basic ${btoa(`openim:${TOKEN.slice(0, -1)}`)}`],
    ['the token with a suffix', `Basic ${btoa(`openim:${TOKEN} `)}`],
    ['all tokens at once', `Basic ${btoa(`openim:${TOKEN}, next:token%`)}`],
    ['another scheme', `Bearer ${TOKEN}`],
    ['invalid base64', 'Basic %%%'],
  ])('refuses %s', async (_, authorization) => {
    const answer = await service.fetch<Reply>(`/callback/${CREATE}`, {
      method: 'POST',
      body: fixture(CREATE, 'documented'),
      headers: { 'content-type': 'application/json', ...(authorization && { authorization }) },
    });

    expectRefusal(answer, 401);
    expect(answer.headers.get('www-authenticate')).toBe('Basic');
    expect(JSON.stringify(service.log)).not.toContain(TOKEN);
  });

  it('is finished before the body is read', async () => {
    const head = `POST /callback/${CREATE} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 1000000\r\n\r\n`;
    const socket = connect(Number(new URL(service.url).port), '127.0.0.1');
    socket.write(head);
    const [answer] = (await new Promise((resolve) =>
      socket.once('data', (data) => resolve([String(data)])),
    )) as [string];
    socket.destroy();
    expect(answer).toMatch(/^HTTP\/1\.1 401 /);
  });

  it('accepts any user name with each of several tokens', async () => {
    for (const credentials of [`:${TOKEN}`, `x:${TOKEN}`, 'openim:next:token%']) {
      const { body } = await service.post(CREATE, fixture(CREATE, 'documented'), {
        authorization: `Basic ${btoa(credentials)}`,
      });
      expect(body).toEqual(SUCCESS);
    }
    await service.database.query('TRUNCATE groups, group_members');
  });
});

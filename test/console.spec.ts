import { jest } from '@jest/globals';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { RequestMethod } from '@nestjs/common';
import { ModulesContainer } from '@nestjs/core';
import { DataSource } from 'typeorm';
import { SameOriginGuard } from '../src/console/session/same-origin.guard.js';
import { SessionGuard } from '../src/console/session/session.guard.js';
import { EN } from '../src/console/texts/en.js';
import { ZH } from '../src/console/texts/zh.js';
import { eventually } from './helpers/process.js';
import { CREATE, KEY, Service } from './helpers/service.js';

/** A page with its headers; redirects are not followed. */
interface Page {
  status: number;
  headers: Headers;
  text: string;
}

const HOSTILE = '<script>alert(1)</script>"\'&\u202Egnp';
const HOSTILE_ID = 'a/b c?d#e&f=g%41<b>';
const COMMAND = 'callbackAfterSetGroupInfoCommand';

let service: Service;

beforeAll(async () => {
  service = await Service.start({ ADMIN_API_KEY: `${KEY},second-key`, TRUSTED_PROXIES: 'loopback' });
  await service.post(CREATE, {
    callbackCommand: CREATE,
    groupID: HOSTILE_ID,
    groupName: HOSTILE,
    introduction: HOSTILE,
    ex: HOSTILE,
    faceURL: 'javascript:alert(1)',
    ownerUserID: 'u/..%2e',
    initMemberList: [
      { userID: 'u/..%2e', roleLevel: 100 },
      { userID: '..', roleLevel: 20 },
    ],
  });
  await service.post(COMMAND, { callbackCommand: COMMAND, groupID: HOSTILE_ID, groupName: `${HOSTILE}2` });
  await service.post(COMMAND, { callbackCommand: COMMAND, groupID: 1, groupName: HOSTILE });
});

afterAll(() => service.stop());

async function open(path: string, headers: Record<string, string> = {}, on = service): Promise<Page> {
  const response = await fetch(`${on.url}/console${path}`, { headers, redirect: 'manual' });
  return { status: response.status, headers: response.headers, text: await response.text() };
}

/** Sends a form as a browser on localhost does. */
async function send(
  path: string,
  fields: Record<string, string>,
  headers: Record<string, string> = {},
): Promise<Page> {
  const response = await fetch(`${service.url}/console${path}`, {
    method: 'POST',
    body: new URLSearchParams(fields),
    headers: { 'sec-fetch-site': 'same-origin', ...headers },
    redirect: 'manual',
  });
  return { status: response.status, headers: response.headers, text: await response.text() };
}

const from = (address: string) => ({ 'x-forwarded-for': address });
const cookieOf = ({ headers }: Page): string => headers.get('set-cookie')!.split(';')[0]!;

/** Headers of a browser that is signed in. */
async function signedIn(key = KEY): Promise<{ cookie: string }> {
  return { cookie: cookieOf(await send('/sign-in', { key })) };
}

describe('The sign-in', () => {
  it('takes a browser without a session to the form, and back to where it was', async () => {
    const refused = await open('/groups?groupName=a%26b');
    expect(refused.status).toBe(303);
    const form = refused.headers.get('location')!;
    expect(form).toBe('/console/sign-in?to=%2Fconsole%2Fgroups%3FgroupName%3Da%2526b');
    expect((await open(form.replace('/console', ''))).text).toContain(
      'value="/console/groups?groupName=a%26b"',
    );
    const { status, headers } = await send('/sign-in', { key: KEY, to: '/console/groups?groupName=a%26b' });
    expect([status, headers.get('location')]).toEqual([303, '/console/groups?groupName=a%26b']);
  });

  it.each([KEY, 'second-key', ` ${KEY} `])('takes the key "%s"', async (key) => {
    expect((await open('', await signedIn(key))).status).toBe(200);
  });

  it('gives a cookie that scripts and other sites cannot use, and that ends after 8 hours', async () => {
    const cookie = (await send('/sign-in', { key: KEY })).headers.get('set-cookie');
    expect(cookie).toMatch(
      /^console_session=\d{13}\.[\w-]{43}; Max-Age=28800; Path=\/console; Expires=[^;]+; HttpOnly; SameSite=Strict$/,
    );
  });

  it('gives a Secure cookie where the browser came by https', async () => {
    const { headers } = await send('/sign-in', { key: KEY }, { 'x-forwarded-proto': 'https' });
    expect(headers.get('set-cookie')).toContain('; Secure;');
  });

  it.each([
    'https://evil.example',
    '//evil.example',
    '/\\evil.example',
    '/admin',
    '/console/../admin\n',
    'x',
  ])('does not lead to %j', async (to) => {
    expect((await send('/sign-in', { key: KEY, to })).headers.get('location')).toBe('/console');
  });

  it.each([{ key: 'wrong' }, { key: '' }, {}])('refuses %j', async (fields) => {
    const { status, text, headers } = await send('/sign-in', fields as Record<string, string>);
    expect(status).toBe(401);
    expect(text).toContain(EN.wrongKey);
    expect(headers.get('set-cookie')).toBeNull();
  });

  it('has the limit of wrong keys of the admin API, for each address', async () => {
    await Promise.all(
      Array.from({ length: 60 }, () => send('/sign-in', { key: 'wrong' }, from('203.0.113.7'))),
    );
    await Promise.all(
      Array.from({ length: 40 }, () =>
        service.fetch('/admin/groups', {
          headers: { authorization: 'Bearer wrong', ...from('203.0.113.7') },
        }),
      ),
    );
    const { status, headers, text } = await send('/sign-in', { key: 'wrong' }, from('203.0.113.7'));
    expect([status, Number(headers.get('retry-after'))]).toEqual([429, expect.any(Number)]);
    expect(text).toContain(EN.problemTitles[429]);
    expect((await send('/sign-in', { key: 'wrong' }, from('203.0.113.8'))).status).toBe(401);
    expect((await send('/sign-in', { key: KEY }, from('203.0.113.7'))).status).toBe(303);
  });

  it('follows a link of another site, on which the browser sends no Strict cookie', async () => {
    const { status, text } = await open('/groups', { 'sec-fetch-site': 'cross-site' });
    expect(status).toBe(200);
    expect(text).toContain('<meta http-equiv="refresh" content="0"/>');
  });
});

describe('A session', () => {
  it('ends with the sign-out', async () => {
    const { status, headers } = await send('/sign-out', {}, await signedIn());
    expect([status, headers.get('location')]).toEqual([303, '/console/sign-in']);
    expect(headers.get('set-cookie')).toMatch(/^console_session=; Path=\/console; Expires=Thu, 01 Jan 1970/);
  });

  it('ends after its time', async () => {
    const { cookie } = await signedIn();
    const [, end] = /=(\d+)\./.exec(cookie)!;
    const now = jest.spyOn(Date, 'now').mockReturnValue(Number(end) - 1);
    expect((await open('/connect', { cookie })).status).toBe(200);
    now.mockReturnValue(Number(end));
    expect((await open('/connect', { cookie })).status).toBe(303);
    now.mockRestore();
  });

  it('cannot be made longer, or made up', async () => {
    const { cookie } = await signedIn();
    const later = cookie.replace(/=\d+/, `=${Date.now() + 9e9}`);
    for (const forged of [later, `${cookie.slice(0, -3)}AAA`, 'console_session=1.x', 'console_session=']) {
      expect((await open('', { cookie: forged })).status).toBe(303);
    }
  });

  it('is accepted by every replica with its key, and ends where the key is removed', async () => {
    const sessions = [await signedIn(KEY), await signedIn('second-key')];
    const replica = await Service.start({ ADMIN_API_KEY: 'third-key,second-key' });
    const answers = await Promise.all(sessions.map((headers) => open('/connect', headers, replica)));
    expect(answers.map(({ status }) => status)).toEqual([303, 200]);
    await replica.stop();
  });
});

describe('A form', () => {
  it.each<[string, () => Record<string, string>, number]>([
    ['another site', () => ({ 'sec-fetch-site': 'cross-site' }), 403],
    ['a site of the same domain', () => ({ 'sec-fetch-site': 'same-site' }), 403],
    ['another origin', () => ({ 'sec-fetch-site': '', origin: 'http://evil.example' }), 403],
    ['no origin', () => ({ 'sec-fetch-site': '' }), 403],
    ['this origin', () => ({ 'sec-fetch-site': '', origin: service.url }), 303],
    [
      'this origin, behind a proxy',
      () => ({ 'sec-fetch-site': '', origin: 'https://ops.example', 'x-forwarded-host': 'ops.example' }),
      303,
    ],
  ])('from %s is answered with its status', async (_, headersOf, status) => {
    const { 'sec-fetch-site': site, ...headers } = headersOf();
    const response = await fetch(`${service.url}/console/sign-in`, {
      method: 'POST',
      body: new URLSearchParams({ key: KEY }),
      headers: { ...headers, ...(site && { 'sec-fetch-site': site }) },
      redirect: 'manual',
    });
    expect(response.status).toBe(status);
  });
});

const group = `/groups/${encodeURIComponent(HOSTILE_ID)}`;
const PATHS: [path: string, hostile: boolean][] = [
  ['', false],
  ['/groups', true],
  [`/groups?groupName=${encodeURIComponent(HOSTILE)}&ownerUserID=&status=&stale=`, true],
  [group, true],
  [`${group}?userID=u&roleLevel=&at=`, true],
  [`${group}?at=2020-01-01T08:00`, true],
  [`${group}/timeline`, true],
  [`/users/${encodeURIComponent('u/..%2e')}`, true],
  [`/users/${encodeURIComponent('u/..%2e')}?at=2100-01-01T08:00`, true],
  [`/users/${encodeURIComponent(HOSTILE)}`, true],
  ['/deliveries', true],
  ['/deliveries?outcome=rejected&command=&groupID=&receivedFrom=&receivedTo=2100-01-01', false],
  ['/connect', false],
];

describe.each([
  ['en', EN],
  ['zh', ZH],
])('The pages in %s', (language, texts) => {
  it.each(PATHS)('open %s, and escape what comes from OpenIM', async (path, isHostile) => {
    const page = await open(path, { ...(await signedIn()), 'accept-language': language });
    expect(page.status).toBe(200);
    expect(page.text).toContain(texts.signOut);
    expect(page.text).not.toMatch(
      /<script|<b>|javascript:[^<]*"|style=|<a[^>]* href="(?!\/console|#content)/,
    );
    expect(
      page.text.includes('&lt;script>alert(1)&lt;/script>') || page.text.includes('a/b c?d#e&amp;f'),
    ).toBe(isHostile);
    expect(page.headers.get('content-security-policy')).toBe(
      "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
    );
    expect(page.headers.get('cache-control')).toBe('no-store');
    expect(page.headers.get('content-type')).toBe('text/html; charset=utf-8');
  });
});

describe('The console', () => {
  let headers: { cookie: string };
  beforeAll(async () => {
    headers = await signedIn();
  });

  it('keeps the language that the switch chose', async () => {
    const { text, headers: answer } = await open('/groups?lang=zh&status=0', headers);
    expect(text).toContain('<html lang="zh-Hans">');
    expect(text).toContain('href="/console/groups?lang=en&amp;status=0"');
    const cookie = `${headers.cookie}; ${answer.get('set-cookie')!.split(';')[0]}`;
    expect((await open('/groups', { cookie })).text).toContain(ZH.nameOrID);
  });

  it('finds a group by a part of its name, and by its whole groupID', async () => {
    for (const [search, isFound] of [
      ['ALERT(1)', true],
      [HOSTILE_ID, true],
      ['no such group', false],
    ] as const) {
      const { text } = await open(`/groups?groupName=${encodeURIComponent(search)}`, headers);
      expect([search, text.includes(`href="/console${group}"`)]).toEqual([search, isFound]);
    }
  });

  it('shows in the timeline what changed, and by which callback', async () => {
    const { text } = await open(`${group}/timeline`, headers);
    expect(text).toMatch(/<code>groupName<\/code>\s*<del>.+<\/del>.+<ins>/);
    const [, delivery] = /href="(\/console\/deliveries\/[\w-]+)"/.exec(text)!;
    expect((await open(delivery!.replace('/console', ''), headers)).text).toContain(
      '&quot;callbackCommand&quot;',
    );
  });

  it('replays a callback, and shows the delivery of the replay', async () => {
    const [{ id }] = (await service.admin<{ items: [{ id: string }] }>('/deliveries?outcome=applied')).body
      .items;
    const { status, headers: answer } = await send(`/deliveries/${id}/replay`, {}, headers);
    expect(status).toBe(303);
    const { text } = await open(answer.get('location')!.replace('/console', ''), headers);
    expect(text).toContain(`href="/console/deliveries/${id}"`);
  });

  it('lists the problems of a rejected callback', async () => {
    const [{ id }] = (await service.admin<{ items: [{ id: string }] }>('/deliveries?outcome=rejected')).body
      .items;
    const { text } = await open(`/deliveries/${id}`, headers);
    expect(text).toContain('<li><bdi>groupID must be a string of 1 to 255 characters</bdi></li>');
    expect(text).toContain(EN.outcomeHelp.rejected);
  });

  it.each([
    ['/groups/nobody', 404, 'There is no group nobody'],
    ['/deliveries/no-uuid', 400, 'id must be the id of a delivery'],
    ['/groups?cursor=x', 400, 'cursor must be the nextCursor'],
    ['/nothing', 404, 'There is no such page'],
  ])('answers %s with a page of status %d', async (path, status, message) => {
    const page = await open(path, headers);
    expect([page.status, page.text]).toEqual([status, expect.stringContaining(message)]);
    expect(page.text).toContain(EN.signOut);
  });

  it('says that a group cannot be reconciled without OPENIM_API_URL', async () => {
    const { status, text } = await send(`${group}/reconcile`, {}, headers);
    expect([status, text]).toEqual([409, expect.stringContaining('OPENIM_API_URL is not set')]);
  });

  it('shows the token for webhooks.yml on demand only', async () => {
    const hidden = await open('/connect', headers);
    expect(hidden.text).toContain(`url: http://openim:CALLBACK_TOKEN@${new URL(service.url).host}/callback`);
    expect(hidden.text).not.toContain('callback-token');
    expect((await open('/connect?token=shown', headers)).text).toContain('http://openim:callback-token@');
  });

  it('checks the installation on demand, as doctor does', async () => {
    const { status, text } = await send('/connect', {}, headers);
    expect(status).toBe(200);
    expect(text).toMatch(/A callback to http:\/\/127\.0\.0\.1:\d+\/callback is answered by the service/);
    expect(text).toContain('OPENIM_API_URL is not set: callbacks are the only source of the mirror');
    expect(text).not.toContain('callback-token');
  });

  it('draws the callbacks of 24 hours, in both colour schemes', async () => {
    const chart = await open('/chart.svg', headers);
    expect([chart.status, chart.headers.get('content-type')]).toEqual([200, 'image/svg+xml; charset=utf-8']);
    expect(chart.text).toMatch(/^<svg xmlns="http:\/\/www.w3.org\/2000\/svg".*<rect /);
    expect((await open('/chart.svg?theme=dark', headers)).text).not.toBe(chart.text);
    expect((await open('', headers)).text).toMatch(new RegExp(`${EN.outcomes.rejected} <span[^>]*>1<`));
  });

  it('shows the overview at once while the log of callbacks cannot be read', async () => {
    const fresh = await Service.start();
    const locker = fresh.app.get(DataSource).createQueryRunner();
    await locker.startTransaction();
    await locker.query('LOCK TABLE callback_deliveries IN ACCESS EXCLUSIVE MODE');
    const session = await signedIn();
    const start = performance.now();
    const { status, text } = await open('', session, fresh);
    expect([status, text]).toEqual([200, expect.stringContaining(EN.chartLate)]);
    expect(text).toContain(EN.problems.incomplete());
    expect(text).not.toContain(EN.healthy);
    expect(performance.now() - start).toBeLessThan(2000);
    await locker.rollbackTransaction();
    await locker.release();
    await fresh.stop();
  });

  it('shows the figures of the last minute while they are counted again, and no older ones', async () => {
    const fresh = await Service.start();
    const session = await signedIn();
    await eventually(async () => !(await open('', session, fresh)).text.includes(EN.unknownFigure));
    const locker = fresh.app.get(DataSource).createQueryRunner();
    await locker.startTransaction();
    await locker.query('LOCK TABLE groups, callback_deliveries IN ACCESS EXCLUSIVE MODE');
    const now = Date.now();
    const clock = jest.spyOn(Date, 'now').mockReturnValue(now + 30_000);
    expect((await open('', session, fresh)).text).not.toContain(EN.unknownFigure);
    clock.mockReturnValue(now + 90_000);
    expect((await open('', session, fresh)).text).toContain(EN.unknownFigure);
    clock.mockRestore();
    await locker.rollbackTransaction();
    await locker.release();
    await fresh.stop();
  });

  it('shows the overview while PostgreSQL is away, and says on other pages that it is', async () => {
    const cutOff = await Service.start({}, () => Promise.resolve('postgres://nobody:x@127.0.0.1:1/none'));
    const session = await signedIn();
    const overview = await open('', session, cutOff);
    expect([overview.status, overview.text]).toEqual([
      200,
      expect.stringContaining(EN.problems.databaseAway()),
    ]);
    const groups = await open('/groups', session, cutOff);
    expect([groups.status, groups.text]).toEqual([503, expect.stringContaining(EN.problemTitles[503]!)]);
    await cutOff.stop();
  });

  it('names on the overview a before... command, which OpenIM should not send', async () => {
    const before = 'callbackBeforeCreateGroupCommand';
    await service.post(before, { callbackCommand: before });
    const later = Date.now() + 10_000; // the figures are up to 5 s old
    const now = jest.spyOn(Date, 'now').mockReturnValue(later);
    const { text } = await open('', headers);
    now.mockRestore();
    expect(text).toContain(EN.problems.before(1, before));
    expect(text).toContain(EN.problems.rejected(1));
  });

  it('logs who signed in and did what, without the key', () => {
    for (const route of ['/console/sign-in', '/console/deliveries/:id/replay']) {
      const line = service.log.findLast(
        ({ req, res }) =>
          req !== undefined &&
          (req as { route?: string }).route === route &&
          (res as { statusCode: number }).statusCode === 303,
      );
      expect(line).toMatchObject({ adminKey: { number: 1, fingerprint: expect.any(String) as string } });
    }
    expect(JSON.stringify(service.log)).not.toMatch(new RegExp(`${KEY}|second-key`));
  });
});

it('Every route of the console is guarded: against other sites all, by a session all but those of the sign-in', () => {
  const controllers = Array.from(service.app.get(ModulesContainer).values(), ({ controllers: all }) => [
    ...all.values(),
  ])
    .flat()
    .map(({ metatype }) => metatype as { prototype: object; name: string })
    .filter((controller) => String(Reflect.getMetadata('path', controller)).startsWith('console'));
  const routes: string[] = [];
  for (const controller of controllers) {
    const guards = Reflect.getMetadata('__guards__', controller) as unknown[];
    expect([controller.name, guards]).toEqual([controller.name, expect.arrayContaining([SameOriginGuard])]);
    for (const name of Object.getOwnPropertyNames(controller.prototype).filter(
      (one) => one !== 'constructor',
    )) {
      const handler = (controller.prototype as Record<string, object>)[name]!;
      const path = Reflect.getMetadata('path', handler) as string | undefined;
      if (path !== undefined && !guards.includes(SessionGuard)) {
        routes.push(`${RequestMethod[Reflect.getMetadata('method', handler) as number]} ${path}`);
      }
    }
  }
  expect(controllers.length).toBeGreaterThan(4);
  expect(routes).toEqual(['GET sign-in', 'POST sign-in', 'POST sign-out', 'GET console.css', 'GET icon.svg']);
});

it('The templates and their library are loaded by the first page, not by the start', () => {
  const root = join(import.meta.dirname, '../src');
  const files = readdirSync(root, { recursive: true, encoding: 'utf8' })
    .filter((name) => /\.tsx?$/.test(name) && !name.startsWith('console/pages/'))
    .map((name) => readFileSync(join(root, name), 'utf8'));
  const imports = files.flatMap((text) => text.match(/^(import|export) [^;]*from '[^']*';/gms) ?? []);
  expect(imports.length).toBeGreaterThan(500);
  expect(
    imports.filter((line) => /pages\/|preact|texts\/(en|zh)/.test(line) && !line.startsWith('import type')),
  ).toEqual([]);
});

it('OpenAPI does not list the console', async () => {
  const { text } = await service.fetch('/docs-json');
  expect(text).not.toContain('"/console');
});

it('CONSOLE=off removes the console, and nothing else', async () => {
  const without = await Service.start({ CONSOLE: 'off' });
  for (const path of ['', '/sign-in', '/groups', '/console.css']) {
    expect((await open(path, {}, without)).status).toBe(404);
  }
  expect((await without.admin('/groups')).status).toBe(200);
  await without.stop();
});

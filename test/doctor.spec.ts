import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import type { Finding } from '../src/doctor/finding.js';
import { CommandRunner, type Environment } from './helpers/cli.js';
import { TestDatabase } from './helpers/database.js';
import { type Faults, FakeOpenIm } from './helpers/fake-openim.js';
import { eventually, ServiceProcess } from './helpers/process.js';
import { OpenImWebhooks, type WebhooksYml } from './helpers/openim-webhooks.js';
import { newGroup } from './helpers/world.js';

const CLI = join(import.meta.dirname, '../dist/src/cli/main.js');
const CREATED = 'callbackAfterCreateGroupCommand';
const RENAMED = 'callbackAfterSetGroupInfoCommand';

let database: TestDatabase;
let host: string;
let settings: Record<string, string>;
const runner = new CommandRunner();
const servers: FakeOpenIm[] = [];

beforeAll(async () => {
  database = await TestDatabase.create();
  settings = { DATABASE_URL: database.url, ADMIN_API_KEY: 'k', CALLBACK_TOKEN: 'to/ken', NODE_ENV: 'test' };
  const service = ServiceProcess.start(settings);
  host = new URL(await service.url()).host;
  settings['PORT'] = new URL(await service.url()).port;
});

afterAll(async () => {
  await Promise.all([runner.stop(), ...servers.map((server) => server.stop())]);
  await ServiceProcess.endAll();
  await database.drop();
});

/** The right lines of `webhooks.yml`, with mistakes. */
const yml = (mistakes: Partial<WebhooksYml> = {}): WebhooksYml => ({
  url: `http://openim:to%2Fken@${host}/callback`,
  isShown: true,
  ...mistakes,
});

/** Starts an OpenIM with two groups, and these lines. */
async function startOpenIm(lines: WebhooksYml, faults: Faults = {}) {
  const openIm = await FakeOpenIm.start();
  servers.push(openIm);
  openIm.faults = faults;
  openIm.add(newGroup(2), newGroup(1));
  return { openIm, webhooks: new OpenImWebhooks(openIm, lines) };
}

/** Whether a finding is right here, where OpenIM and the service are on one machine. */
const isExpected = ({ level, message }: Finding): boolean =>
  level === 'ok' || /host of the callback url is 127/.test(message);

/** Runs `doctor --json`. */
async function examine(args: string, environment: Environment) {
  const { code, output } = await runner.run(`doctor --json ${args}`.trim(), {
    PATH: process.env['PATH'],
    ...settings,
    ...environment,
  });
  const { ok, findings } = JSON.parse(output) as { ok: boolean; findings: Finding[] };
  expect(code).toBe(ok ? 0 : 1);
  expect(output).not.toMatch(/to\/ken|to%2Fken|openIM123/);
  findings
    .filter(({ level }) => level !== 'ok')
    .forEach((finding) => expect(finding.action).toMatch(/^[A-Z`].{20}/));
  return { ok, all: findings, findings: findings.filter((finding) => !isExpected(finding)) };
}

it('A right installation whose callbacks come has no error, and the probe leaves no active group', async () => {
  const { openIm, webhooks } = await startOpenIm(yml());
  const { ok, findings, all } = await examine('--probe', openIm.settings);

  expect(findings).toEqual([]);
  expect(ok).toBe(true);
  const messages = all.map(({ message }) => message).join('\n');
  for (const [command, what] of [
    [CREATED, 'created'],
    [RENAMED, 'renamed'],
    ['callbackAfterDisMissGroupCommand', 'dismissed'],
  ]) {
    expect(messages).toMatch(new RegExp(`${command} came \\d+ ms after the group was ${what}`));
  }
  expect(webhooks.groups.size).toBe(0);
  expect(
    await database.query("SELECT group_name, status FROM groups WHERE group_id LIKE 'doctor-probe-%'"),
  ).toEqual([{ group_name: 'openim-group-sync: probe of doctor, dismissed', status: 2 }]);
});

it.each<[string, Partial<WebhooksYml>, Faults, Environment, string]>([
  [
    'a hook that is off',
    { off: ['afterQuitGroup', 'afterJoinGroup'] },
    {},
    {},
    'Off in the webhooks.yml of OpenIM: afterJoinGroup, afterQuitGroup',
  ],
  [
    'a before hook',
    { on: ['beforeCreateGroup'] },
    {},
    {},
    'OpenIM calls this service before users act: beforeCreateGroup',
  ],
  ['a short timeout', { timeout: 1 }, {}, {}, 'is shorter than 5 s: afterCreateGroup'],
  [
    'the url as shipped',
    { url: 'http://127.0.0.1:10006/callbackExample' },
    {},
    {},
    'is the one that it is shipped with',
  ],
  [
    'a url without a token',
    { url: 'http://host:3000/callback' },
    {},
    {},
    'webhooks.yml: The callback url has no token',
  ],
  [
    'a url with another token',
    { url: 'http://openim:other@host:3000/callback' },
    {},
    {},
    'webhooks.yml: The password in the callback url is not CALLBACK_TOKEN',
  ],
  [
    'a url with another port',
    { url: 'http://openim:to%2Fken@127.0.0.1:2999/callback' },
    {},
    {},
    'webhooks.yml: A callback to http://127.0.0.1:2999/callback is not answered: ECONNREFUSED',
  ],
  [
    'a version that does not show its settings',
    { isShown: false },
    {},
    {},
    'cannot be read: its version does not show it (before 3.8.4)',
  ],
  [
    'a clock that is ahead',
    {},
    { clockAheadMs: 60_000 },
    {},
    'The clocks of OpenIM and PostgreSQL differ by',
  ],
  ['a wrong secret', {}, {}, { OPENIM_SECRET: 'wrong' }, 'OpenIM refused /auth/get_admin_token: 1002'],
  ['an OpenIM that hangs', {}, { slowMs: 20_000 }, {}, 'did not answer within 5 s'],
  ['the page of a proxy instead of OpenIM', {}, { html502: true }, {}, "HTTP 502 without OpenIM's JSON"],
  ['an unknown admin', {}, {}, { OPENIM_ADMIN_USER_ID: 'someone' }, 'userID is not an admin'],
  ['no OPENIM_API_URL', {}, {}, { OPENIM_API_URL: '' }, 'OPENIM_API_URL is not set'],
  [
    'a service that only this machine reaches',
    {},
    {},
    { HOST: '127.0.0.1', OPENIM_API_URL: 'elsewhere' },
    'so only this machine reaches the service',
  ],
  ['no token in the settings of doctor', {}, {}, { CALLBACK_TOKEN: '' }, 'is refused: it has no token'],
  ['another port', {}, {}, { PORT: '2999' }, 'is not answered: ECONNREFUSED'],
])('names %s', async (_, mistakes, faults, environment, message) => {
  const { openIm } = await startOpenIm(yml(mistakes), faults);
  const elsewhere = openIm.url.replace('127.0.0.1', '0.0.0.0'); // a host that is not loopback
  const { findings } = await examine('', {
    ...openIm.settings,
    ...environment,
    ...(environment['OPENIM_API_URL'] === 'elsewhere' && { OPENIM_API_URL: elsewhere }),
  });

  expect(findings.map((finding) => finding.message)).toContainEqual(expect.stringContaining(message));
});

/** Runs a probe on an OpenIM with mistakes in its `webhooks.yml`. @returns what is not right */
async function probe(mistakes: Partial<WebhooksYml>): Promise<string> {
  const { openIm, webhooks } = await startOpenIm(yml({ isShown: false, ...mistakes }));
  const start = Date.now();
  const { findings } = await examine('--probe', openIm.settings);
  expect(Date.now() - start).toBeLessThan(15_000);
  expect(webhooks.groups.size).toBe(0);
  return findings.map((finding) => `${finding.message}. ${finding.action}`).join('\n');
}

it('The probe says what never came, what came late, and what an unreachable service means', async () => {
  const lateAndOff = await probe({ off: ['afterSetGroupInfo'], delayMs: 2500 });
  const unreachable = await probe({ url: 'http://openim:to%2Fken@127.0.0.1:9/callback' });
  const denied = await probe({ url: `http://openim:other@${host}/callback` });

  expect(lateAndOff).toContain(
    `A group was renamed in OpenIM, and ${RENAMED} never came. Set afterSetGroupInfo: { enable: true`,
  );
  expect(unreachable).toContain('and no callback came. OpenIM does not call this service');
  expect(denied).toContain('OpenIM calls this service, and is refused: without a right token');
  expect(lateAndOff).toMatch(
    /callbackAfterCreateGroupCommand came \d\.\d s after the group was created\. Read the latency/,
  );
}, 40_000);

it('A probe that OpenIM refuses says why', async () => {
  const { openIm } = await startOpenIm(yml());
  openIm.calls['/group/create_group'] = () => ({ errCode: 1101, errMsg: 'UserIDNotFoundError', errDlt: '' });
  const { findings } = await examine('--probe', openIm.settings);

  expect(findings.map(({ message }) => message)).toContain(
    'The probe could not be made: OpenIM refused /group/create_group: 1101 UserIDNotFoundError',
  );
});

it('A probe waits for its own callbacks, whatever others the group causes', async () => {
  expect(await probe({ late: ['afterDismissGroup'], delayMs: 1500 })).not.toContain('came');
});

it('A probe is not made where OpenIM cannot be asked', async () => {
  const { openIm } = await startOpenIm(yml(), { slowMs: 20_000 });
  const start = Date.now();
  const { findings } = await examine('--probe', openIm.settings);

  expect(Date.now() - start).toBeLessThan(15_000);
  expect(findings.map(({ message }) => message)).toContain(
    'Whether OpenIM sends callbacks was not tried: it cannot be asked',
  );
}, 20_000);

it('A probe prints no token of the url, and no call stack, where a before callback fails', async () => {
  const { openIm } = await startOpenIm(yml());
  openIm.calls['/group/create_group'] = () => ({
    errCode: 90004,
    errMsg: 'NetworkError',
    errDlt:
      'Error: Post "http://openim:***@h:9/callback": connection refused | -> http() h.go:1 | -> post url=http://openim:to%2Fken@h:9',
  });
  const { findings } = await examine('--probe', openIm.settings);

  expect(findings).toContainEqual({
    level: 'error',
    message:
      'The probe could not be made: OpenIM refused /group/create_group: 90004 NetworkError (Error: Post "http://***@h:9/callback": connection refused)',
    action: expect.stringContaining('A before... callback in webhooks.yml is on') as string,
  });
});

it('A probe whose group is created after its request timed out dismisses it', async () => {
  const { openIm, webhooks } = await startOpenIm(yml());
  const create = openIm.calls['/group/create_group']!;
  openIm.calls['/group/create_group'] = async (body) => {
    await sleep(4500);
    return create(body);
  };
  const { findings } = await examine('--probe', openIm.settings);

  const messages = findings.map(({ message }) => message).join('\n');
  expect(messages).toContain('OpenIM did not answer /group/create_group');
  expect(messages).not.toContain('left in OpenIM');
  expect(webhooks.groups.size).toBe(0);
}, 20_000);

it('A probe that is interrupted, twice by npm, dismisses its group', async () => {
  const { openIm, webhooks } = await startOpenIm(yml({ off: ['afterDismissGroup'] }));
  const child = spawn(process.execPath, [CLI, 'doctor', '--probe'], {
    env: { PATH: process.env['PATH'], ...settings, ...openIm.settings },
  });
  const output = text(child.stdout);
  const exited = once(child, 'exit');
  const rename = openIm.calls['/group/set_group_info']!;
  openIm.calls['/group/set_group_info'] = async (body) => {
    child.kill('SIGINT');
    await sleep(50);
    child.kill('SIGINT');
    return rename(body);
  };

  expect(await exited).toEqual([1, null]);
  expect(await output).toContain('The probe was interrupted');
  expect(webhooks.groups.size).toBe(0);
});

it('A probe whose group cannot be dismissed says which one is left', async () => {
  const { openIm } = await startOpenIm(yml());
  openIm.calls['/group/dismiss_group'] = () => ({ errCode: 500, errMsg: 'ServerInternalError', errDlt: '' });
  const { findings } = await examine('--probe', openIm.settings);

  expect(findings.map(({ message }) => message).join()).toMatch(
    /The group doctor-probe-\w+ of the probe is left in OpenIM: OpenIM refused/,
  );
});

it('A service with another database is found by the callback that does not arrive', async () => {
  const other = await TestDatabase.create();
  const { openIm } = await startOpenIm(yml());
  const { findings } = await examine('', { ...openIm.settings, DATABASE_URL: other.url });
  await other.drop();

  expect(findings.map(({ message }) => message)).toContain('The callback did not arrive in this database');
});

describe('What was received before', () => {
  let own: TestDatabase;
  let findings: () => Promise<string>;

  beforeEach(async () => {
    own = await TestDatabase.create();
    const { openIm } = await startOpenIm(yml());
    findings = async () => {
      // The service writes to another database: where no service answers, doctor does not wait for a delivery.
      const all = (await examine('', { ...openIm.settings, DATABASE_URL: own.url, PORT: '2999' })).all;
      return all.map(({ level, message }) => `${level}: ${message}`).join('\n');
    };
  });

  afterEach(() => own.drop());

  const log = (command: string, outcome: string, problems: string | null = null) =>
    own.query(
      `INSERT INTO callback_deliveries (id, received_at, command, operation_id, group_id, outcome, problems, duration_ms)
      VALUES (gen_random_uuid(), now(), $1, 'o', 'g', $2, $3, 1)`,
      [command, outcome, problems],
    );

  it('is nothing in a fresh installation: a warning, and no error', async () => {
    const said = await findings();
    expect(said).toContain('warning: No callback of OpenIM has arrived yet');
    expect(said.match(/^error: .*/gm)).toEqual([expect.stringContaining('is not answered: ECONNREFUSED')]);
  });

  it('is a callback that was rejected', async () => {
    await log(CREATED, 'rejected', 'groupID must be a text');
    expect(await findings()).toMatch(
      /error: Callbacks of OpenIM arrive, but the last one, of \S+, was not written: groupID must be a text/,
    );
  });

  it('is a callback of a before hook', async () => {
    await log('callbackBeforeCreateGroupCommand', 'ignored');
    expect(await findings()).toContain(
      'error: OpenIM calls this service before users act: callbackBeforeCreateGroupCommand',
    );
  });

  it('is no error where a before hook was on, and no callback of it came for 10 minutes', async () => {
    await log('callbackBeforeCreateGroupCommand', 'ignored');
    await own.query("UPDATE callback_deliveries SET received_at = now() - interval '11 minutes'");
    expect(await findings()).toMatch(
      /warning: Today OpenIM called this service before users act, last at \S+: callbackBeforeCreateGroupCommand/,
    );
  });

  it('is not what a probe caused while a hook was off', async () => {
    await log(CREATED, 'applied');
    await own.query("UPDATE callback_deliveries SET group_id = 'doctor-probe-1'");
    await own.query(
      `INSERT INTO group_changes (group_id, revision, recorded_at, position, kinds, source, as_of, change, drift)
      VALUES ('doctor-probe-1', 1, now(), '1', '{info}', 'reconciliation', now(), '{}', '[{"kind": "info", "differences": 1, "missedCallbacks": 1, "summary": "s"}]')`,
    );
    expect(await findings()).toContain('found no lost callback');
  });

  it('is not what the reconciliation found: lost callbacks are an error, by the line that is off', async () => {
    await log(CREATED, 'applied');
    await own.query(
      `INSERT INTO group_changes (group_id, revision, recorded_at, position, kinds, source, as_of, change, drift)
      VALUES ('g', 1, now(), '1', '{left}', 'reconciliation', now(), '{}', '[{"kind": "left", "differences": 2, "missedCallbacks": 2, "summary": "s"}]')`,
    );
    expect(await findings()).toContain(
      'error: The reconciliation of the last day found 2 lost callbacks: 2 of afterQuitGroup and afterKickGroupMember (none came)',
    );
  });
});

it('Requests without a right token are counted', async () => {
  const { openIm } = await startOpenIm(yml());
  await fetch(`http://${host}/callback/${CREATED}`, { method: 'POST', body: '{}' });
  await eventually(async () => {
    const { findings } = await examine('', openIm.settings);
    expect(findings[0]!.message).toMatch(/The service refused \d+ requests? to \/callback since its start/);
  });
});

it('The reader of a pipe may leave before the end', async () => {
  const { stderr } = await promisify(execFile)('sh', ['-c', `${process.execPath} ${CLI} doctor | true`], {
    env: { PATH: process.env['PATH'], ...settings },
  });
  expect(stderr).toBe('');
});

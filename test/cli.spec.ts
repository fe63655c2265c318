import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { CALLBACK_COMMANDS } from '../src/callback/payloads/callback-commands.js';
import { type CommandResult, CommandRunner, type Environment, runCommand } from './helpers/cli.js';
import { TestDatabase } from './helpers/database.js';
import { FakeOpenIm } from './helpers/fake-openim.js';
import { fixture } from './helpers/fixtures.js';
import { differences } from './helpers/mirror.js';
import { eventually, ServiceProcess } from './helpers/process.js';
import { Receiver, SECRET } from './helpers/receiver.js';
import { CREATE } from './helpers/service.js';
import { newGroup, step } from './helpers/world.js';

const ROOT = join(import.meta.dirname, '..');

let openIm: FakeOpenIm;
let database: TestDatabase;
let settings: Record<string, string>;

beforeEach(async () => {
  openIm = await FakeOpenIm.start();
  openIm.add(newGroup(3), newGroup(20), newGroup());
  database = await TestDatabase.create();
  settings = {
    ...openIm.settings,
    DATABASE_URL: database.url,
    ADMIN_API_KEY: 'k',
    CALLBACK_TOKEN: 'to/ken',
    NODE_ENV: 'test',
    LOG_LEVEL: 'info',
  };
});

afterEach(async () => {
  await openIm.stop();
  await ServiceProcess.endAll();
  await database.drop();
});

/** Runs a command to its end. */
const cli = (args: string, environment: Environment = {}): Promise<CommandResult> =>
  runCommand(args, { ...settings, ...environment });

const runner = new CommandRunner();

/** Runs a further case of a command that `cli` runs too, in less time: in a process that has run others. */
const cliAgain = (args: string, environment: Environment = {}): Promise<CommandResult> =>
  runner.run(args, { PATH: process.env['PATH'], ...settings, ...environment });

afterAll(() => runner.stop());

it('The command line says its version, and what is wrong with a command, in a line', async () => {
  const [version, wrong] = await Promise.all([cli('--version'), cli('replay')]);
  expect(version).toEqual({ code: 0, output: expect.stringMatching(/^\d+\.\d+\.\d+\n$/) });
  expect(wrong).toEqual({
    code: 1,
    output: "error: required option '--since <time>' not specified\n(--help explains it)\n",
  });
});

describe('The commands backfill, reconcile and verify', () => {
  it('fill the mirror, repair drift and compare it with OpenIM', async () => {
    expect(await cli('verify')).toMatchObject({
      code: 1,
      output: expect.stringContaining('3 groups compared, 3 differ'),
    });
    const backfill = await cli('backfill');
    expect(backfill).toMatchObject({
      code: 0,
      // The last line comes after those of the log.
      output: expect.stringMatching(/\n3 of 3 groups read, 32 members.*\n$/),
    });
    expect(await cli('verify --sample 10')).toMatchObject({
      code: 0,
      output: '3 groups compared, 0 differ\n',
    });
    const [group] = openIm.groups.values();
    group!.act(step('kick', 2));
    const drift = await cliAgain('verify --sample 10');
    expect(drift).toMatchObject({ code: 1, output: expect.stringContaining('3 groups compared, 1 differ') });
    expect(drift.output).toContain(`${group!.groupID}: `);
    expect((await cli('reconcile')).code).toBe(0);
    expect(await differences(database, openIm.groups.values())).toEqual([]);
  });

  it('leave the run to a service that leads reconciliation', async () => {
    const service = ServiceProcess.start({ ...settings, RECONCILE_INTERVAL: '1h' });
    await service.says(/"kind":"backfill".*"msg":"Run done"/);
    const { code, output } = await cli('reconcile');
    expect([code, output]).toEqual([
      0,
      expect.stringMatching(/Another process leads reconciliation and does this run\n3 of 3 groups read/),
    ]);
    expect(service.log).toMatch(/"kind":"full","groups":3,"groupsRead":3,.*"members":32,.*"msg":"Run done"/);
  });

  it('name a missing setting, a wrong secret and an unreachable database', async () => {
    const waits = cli('verify', { DATABASE_URL: 'postgres://u:p@127.0.0.1:1/d' }); // for 10 s
    const { code, output } = await cliAgain('backfill', { OPENIM_API_URL: '' });
    expect([code, output]).toEqual([
      1,
      expect.stringContaining('OPENIM_API_URL is not set: set it, with OPENIM_SECRET'),
    ]);
    const refused = await cliAgain('backfill', { OPENIM_SECRET: 'wrong' });
    expect([refused.code, refused.output]).toEqual([1, expect.stringContaining('1002 secret error')]);
    const away = await waits;
    expect([away.code, away.output]).toEqual([
      1,
      expect.stringContaining('The database cannot be used: connect ECONNREFUSED'),
    ]);
    expect((await cli('verify --sample none')).code).toBe(1);
  });
});

describe('The command mark-dismissed', () => {
  it('marks the groups that OpenIM no longer has, and no others', async () => {
    expect((await cliAgain('backfill')).code).toBe(0);
    const [lost, other, present] = [...openIm.groups.keys()] as [string, string, string];
    openIm.faults = { lost: new Set([lost, other]) };
    expect(await cliAgain(`mark-dismissed ${lost}`)).toEqual({
      code: 1,
      output: expect.stringContaining(
        `${lost}: left as it is, since the mirror does not have it or no reconciliation`,
      ),
    });
    expect((await cliAgain('reconcile')).code).toBe(0);
    const named = await cli(`mark-dismissed ${lost} ${present}`);
    expect(named).toEqual({
      code: 1,
      output: `${present}: left as it is, since OpenIM has it\n1 groups marked dismissed, 1 left as they are\n`,
    });
    expect(await cliAgain('mark-dismissed --all')).toEqual({
      code: 0,
      output: '1 groups marked dismissed, 0 left as they are\n',
    });
    const rows = await database.query(
      `SELECT g.group_id, status, member_count, stale_reason, drift->0->>'summary' AS summary, (SELECT count(*)::integer FROM group_members m
         WHERE m.group_id = g.group_id AND left_at IS NULL) AS members
       FROM groups g JOIN group_changes c ON c.group_id = g.group_id AND c.revision = g.revision AND 'dismissed' = ANY (kinds)`,
    );
    expect(rows).toHaveLength(2);
    for (const row of rows) {
      expect(row).toMatchObject({ status: 2, member_count: '0', members: 0, stale_reason: null });
      expect(row['summary']).toBe('OpenIM does not have it, and an operator marked it dismissed');
    }
    openIm.faults = {};
    expect((await cliAgain('reconcile')).code).toBe(0);
    expect(await differences(database, openIm.groups.values())).toEqual([]);
  });

  it('names its missing arguments', async () => {
    expect(await cli('mark-dismissed')).toEqual({
      code: 1,
      output: expect.stringContaining('Name the groups, or give --all'),
    });
  });
});

describe('The command doctor', () => {
  it('finds no error in an installation that works', async () => {
    const service = ServiceProcess.start(settings);
    const url = new URL('/callback', await service.url());
    Object.assign(url, { username: 'openim', password: 'to/ken' });
    await service.says(/"kind":"backfill".*"msg":"Run done"/);
    await fetch(`${await service.url()}/callback/${CREATE}`, {
      method: 'POST',
      body: fixture(CREATE, 'documented'),
      headers: { 'content-type': 'application/json', authorization: `Basic ${btoa('openim:to/ken')}` },
    });
    const { code, output } = await cli(`doctor --url ${String(url)}`);
    const levels = output.split('\n').map((line) => line.slice(0, 9).trim());
    expect(levels.filter((level) => level !== 'ok')).toEqual(['skipped', '', 'skipped', '', 'No errors', '']);
    expect(output).toContain('The callback arrived in this database');
    expect(output).not.toContain('to/ken');
    expect(code).toBe(0);
  });

  it.each([
    ['an unused port', 'http://openim:to%2Fken@127.0.0.1:2999/callback', 'is not answered: ECONNREFUSED'],
    ['a query string', 'http://openim:to%2Fken@host/callback?token=1', 'has a query string'],
    ['another path', 'http://openim:to%2Fken@host/openim', 'The path of the callback url is /openim'],
    ['another token', 'http://openim:other@host/callback', 'is not CALLBACK_TOKEN'],
    ['a text that is no url', 'callback', 'The callback url is not a url'],
    [
      'a url that Go cannot parse',
      'http://openim:50%of@host/callback',
      'a % without two hexadecimal digits after it',
    ],
  ])('names the problem of %s', async (_, url, what) => {
    const { code, output } = await cliAgain(`doctor --url ${url}`);
    expect([code, output]).toEqual([1, expect.stringContaining(what)]);
  });

  it('names a missing migration', async () => {
    await database.query(
      'DELETE FROM openim_group_sync_migrations WHERE id = (SELECT max(id) FROM openim_group_sync_migrations)',
    );
    const { code, output } = await cliAgain('doctor');
    expect([code, output]).toEqual([
      1,
      expect.stringContaining(
        'The database cannot be used: migrations are pending: start the service without RUN_MIGRATIONS=false',
      ),
    ]);
  });

  it('creates no database where there is none', async () => {
    const { code, output } = await cliAgain('doctor', { DATABASE_URL: '', DATA_DIR: '/nonexistent' });
    expect([code, output]).toEqual([
      1,
      expect.stringContaining('There is no database: DATABASE_URL is not set'),
    ]);
  });

  it('names a wrong secret of OpenIM', async () => {
    const { code, output } = await cliAgain('doctor', { OPENIM_SECRET: 'wrong' });
    expect([code, output]).toEqual([1, expect.stringContaining('OPENIM_SECRET must be the secret')]);
  });

  it('applies no migration to an empty database, and names the problem', async () => {
    const empty = await TestDatabase.create('template0');
    const { code, output } = await cliAgain('doctor', { DATABASE_URL: empty.url });
    expect([code, output]).toEqual([
      1,
      expect.stringMatching(
        /the database has no tables of this service: correct DATABASE_URL or DATABASE_SCHEMA/,
      ),
    ]);
    expect(await empty.query("SELECT FROM pg_tables WHERE schemaname = 'public'")).toEqual([]);
    await empty.drop();
  });
});

describe('The command webhooks-yml', () => {
  it('prints the lines in docs/callbacks.md, with the token of this installation', async () => {
    const { output } = await cli('webhooks-yml', { CALLBACK_TOKEN: 'YOUR_TOKEN' });
    const said = /```yaml\n(.*?)```/s.exec(readFileSync(join(ROOT, 'docs/callbacks.md'), 'utf8'))![1]!;
    expect(output).toBe(said.replace(/^ +/gm, ''));
    expect((await cliAgain('webhooks-yml --host mirror:80')).output).toContain(
      'url: http://openim:to%2Fken@mirror:80/callback\n',
    );
  });

  it('prints the port of the service, and warns where the url has no token', async () => {
    const { code, output } = await cliAgain('webhooks-yml', { PORT: '3902', CALLBACK_TOKEN: undefined });
    expect([code, output]).toEqual([
      0,
      expect.stringMatching(/^url: http:\/\/openim-group-sync:3902\/callback$/m),
    ]);
    expect(output).toMatch(/^Warning: CALLBACK_TOKEN is not set here/m);
  });

  it('prints environment variables', async () => {
    const { output } = await cliAgain('webhooks-yml --env --openim v3.8.3-patch.16');
    expect(output).toMatch(/^IMENV_WEBHOOKS_URL=http:.*\nIMENV_WEBHOOKS_AFTERCREATEGROUP_ENABLE=true\n/);
    expect(output).toMatch(
      /\nIMENV_WEBHOOKS_AFTERSENDGROUPMSG_ENABLE=true\nIMENV_WEBHOOKS_AFTERSENDGROUPMSG_ALLOWEDTYPES=1500-1599\n$/,
    );
  });

  it.each([
    ['3.8.3', ['afterSendGroupMsg']],
    ['main', ['afterCreateGroupChatConversations']],
  ])('prints the webhooks of version %s', async (version, last) => {
    const { output } = await cliAgain(`webhooks-yml --openim ${version}`);
    const keys = [...output.matchAll(/^(after\w+): +\{ enable: true, timeout: 5/gm)].map(([, key]) => key);
    const always = Array.from(CALLBACK_COMMANDS.values(), ({ webhook }) => webhook)
      .filter(({ only }) => only === undefined)
      .map(({ key }) => key);
    expect(keys).toEqual([...always, ...last]);
    expect(output.includes('{ enable: true, timeout: 5, allowedTypes: ["1500-1599"] }')).toBe(
      version === '3.8.3',
    );
    if (version === '3.8.3') {
      const line = output.trimEnd().split('\n').at(-1)!;
      expect(readFileSync(join(ROOT, 'docs/callbacks.md'), 'utf8')).toContain(line.replace(/ +/, ' '));
    }
  });

  it('refuses an unknown version', async () => {
    const { code, output } = await cli('webhooks-yml --openim 3.9.0');
    expect([code, output]).toEqual([1, expect.stringContaining('Use 3.8.3, one of its patches, or main')]);
  });
});

it('The command webhooks test posts a signed example, and says what came of it', async () => {
  const receiver = await Receiver.start();
  const secret = { CHANGES_WEBHOOK_SECRET: SECRET };
  const received = await cli(`webhooks test ${receiver.url}`, secret);
  expect(received).toEqual({
    code: 0,
    output: expect.stringMatching(/received msg_[0-9a-f]{32}: \{"type":"group.changed"/),
  });
  expect(receiver.attempts).toMatchObject([{ data: { groupID: 'example', revision: 1 } }]);
  receiver.answer = () => 500;
  expect(await cli(`webhooks test ${receiver.url}`, secret)).toEqual({
    code: 1,
    output: expect.stringContaining('did not receive the example: HTTP 500'),
  });
  expect(await cli(`webhooks test ${receiver.url}`)).toEqual({
    code: 1,
    output: expect.stringContaining('CHANGES_WEBHOOK_SECRET is not set'),
  });
  await receiver.stop();
});

describe('The commands replay, export and grant-reader', () => {
  it('replay what was rejected, write lists, and create a role that reads the views alone', async () => {
    const service = ServiceProcess.start({ ...settings, CALLBACK_TOKEN: 't' });
    await eventually(async () => expect((await service.get('/health/ready')).status).toBe(200));
    const answer = await service.post({
      groupID: 'g',
      memberCount: 1,
      initMemberList: [{ userID: 'o', roleLevel: 100 }],
    });
    expect(answer.status).toBe(200);
    await service.end();
    await database.query("UPDATE callback_deliveries SET outcome = 'rejected'");
    await database.query('TRUNCATE groups, group_members');
    expect(await cli('replay --since 2020-01-01 --outcome rejected')).toEqual({
      code: 0,
      output: '1 applied\n',
    });
    expect(await cli('replay --since 2020-01-01 --outcome rejected')).toEqual({
      code: 0,
      output: '1 unchanged\n',
    });
    expect(await cli('replay --since yesterday')).toMatchObject({
      code: 1,
      output: expect.stringContaining('Use a time'),
    });
    const groupID = 'g';
    expect(await cli('export groups --format ndjson')).toEqual({
      code: 0,
      output: expect.stringMatching(new RegExp(`^\\{"groupID":"${groupID}",.*\\}\n$`)),
    });
    expect((await cli('export members')).output.split('\r\n').slice(0, 2)).toEqual([
      expect.stringMatching(/^groupID,userID,roleLevel,/),
      expect.stringMatching(new RegExp(`^${groupID},`)),
    ]);
    const role = `reader_of_${process.pid}`;
    expect(await cli(`grant-reader ${role}`)).toEqual({
      code: 0,
      output: expect.stringMatching(
        new RegExp(`^The role ${role} with the password \\S{32} may read the views of openim_views\n$`),
      ),
    });
    expect(await cli(`grant-reader ${role}`)).toEqual({
      code: 0,
      output: `The role ${role} may read the views of openim_views\n`,
    });
    await database.query(`DROP OWNED BY ${role}`);
    await database.query(`DROP ROLE ${role}`);
  });
});

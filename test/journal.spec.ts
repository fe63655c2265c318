import { appendFile, mkdtemp, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { DatabaseService } from '../src/database/database.service.js';
import { JournalFile, JournalFullError } from '../src/journal/journal-file.js';
import { TestDatabase } from './helpers/database.js';
import { fixture } from './helpers/fixtures.js';
import { eventually, ServiceProcess } from './helpers/process.js';
import { Proxy } from './helpers/proxy.js';
import { CREATE, Service, SUCCESS } from './helpers/service.js';

const JOIN = 'callbackAfterJoinGroupCommand';
const KICK = 'callbackAfterKickGroupCommand';
const INFO = 'callbackAfterSetGroupInfoCommand';

interface Stats {
  groups: unknown[] | null;
  journal: { open: boolean; waiting: number; bytes: number; oldestReceivedAt: string | null };
}

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'openim-group-sync-journal-'));
});

afterEach(() => rm(folder, { recursive: true, force: true }));

const created = (groupID: string, ...users: string[]) => ({
  callbackCommand: CREATE,
  groupID,
  ownerUserID: 'o',
  createTime: Date.now() - 60_000,
  memberCount: 1 + users.length,
  initMemberList: [
    { userID: 'o', roleLevel: 100 },
    ...users.map((userID) => ({ userID, roleLevel: 20 })),
    { userID: 'o', roleLevel: 20 },
  ],
});
const joined = (groupID: string, inviterUserID: string) => ({
  callbackCommand: JOIN,
  groupID,
  joinSource: 3,
  inviterUserID,
});
const kicked = (groupID: string, ...kickedUserIDs: string[]) => ({
  callbackCommand: KICK,
  groupID,
  kickedUserIDs,
});

describe('while PostgreSQL is away', () => {
  let service: Service;
  let proxy: Proxy;

  beforeEach(async () => {
    service = await Service.start({ JOURNAL: 'on', JOURNAL_LIMIT: '1mb', DATA_DIR: folder }, async (url) => {
      proxy = new Proxy(new URL(url));
      await proxy.listen();
      return proxy.url;
    });
    await service.app.get(DatabaseService).opened;
    await service.post(CREATE, created('g', 'a', 'b'));
  });

  afterEach(async () => {
    await proxy.close().catch(() => undefined);
    await service.stop();
  });

  const journal = async () => (await service.admin<Stats>('/stats')).body.journal;
  const isEmpty = () => eventually(async () => (await journal()).waiting === 0);
  const present = async (groupID: string) =>
    (
      await service.database.query<{ user_id: string }>(
        'SELECT user_id FROM group_members WHERE group_id = $1 AND left_at IS NULL ORDER BY user_id',
        [groupID],
      )
    ).map(({ user_id: userID }) => userID);

  it('keeps callbacks on disk, says so, and applies them in their order', async () => {
    expect(await journal()).toEqual({ open: true, waiting: 0, bytes: 0, oldestReceivedAt: null });
    const before = new Date();
    await proxy.close();

    const answers = [
      await service.post(KICK, kicked('g', 'a')),
      await service.post(JOIN, joined('g', 'c')),
      await service.post(JOIN, joined('g', 'a')),
      await service.post(KICK, kicked('g', 'b', 'a')),
      await service.post(INFO, { callbackCommand: INFO, groupID: 'g', groupName: 'first' }),
      await service.post(INFO, { callbackCommand: INFO, groupID: 'g', groupName: 'second' }),
      await service.post(CREATE, created('new', 'x')),
    ];

    expect(answers.map(({ status, body }) => [status, body])).toEqual(answers.map(() => [200, SUCCESS]));
    expect(service.log.findLast(({ command }) => command === CREATE)).toMatchObject({
      outcome: 'journaled',
      level: 'info',
      groupID: 'new',
    });
    expect(await service.fetch('/health/ready')).toMatchObject({
      status: 200,
      body: {
        status: 'degraded',
        details: { database: { message: 'cannot be reached; callbacks go to the journal' } },
      },
    });
    expect((await service.admin('/stats')).body).toMatchObject({
      journal: { open: true, waiting: 7, oldestReceivedAt: expect.any(String) },
    });
    expect((await service.fetch('/metrics')).text).toMatch(/^openim_journal_entries 7$/m);
    expect((await service.fetch('/metrics')).text).toContain('outcome="journaled"');
    expect((await service.admin('/groups')).status).toBe(503);
    const back = new Date();

    await proxy.listen();
    await isEmpty();

    expect(await present('g')).toEqual(['c', 'o']);
    expect(await present('new')).toEqual(['o', 'x']);
    expect((await service.rows()).groups).toMatchObject([
      { group_id: 'g', group_name: 'second', member_count: '2' },
      { group_id: 'new', member_count: '2' },
    ]);
    const deliveries = await service.database.query<{ outcome: string; received_at: Date }>(
      'SELECT command, outcome, received_at FROM callback_deliveries ORDER BY received_at OFFSET 1',
    );
    expect(deliveries).toMatchObject(
      [KICK, JOIN, JOIN, KICK, INFO, INFO, CREATE].map((command) => ({ command, outcome: 'applied' })),
    );
    expect(deliveries.at(0)!.received_at.getTime()).toBeGreaterThanOrEqual(before.getTime());
    expect(deliveries.at(-1)!.received_at.getTime()).toBeLessThanOrEqual(back.getTime() + 50);
    expect(await journal()).toEqual({ open: true, waiting: 0, bytes: 0, oldestReceivedAt: null });
    expect((await service.fetch('/metrics')).text).toMatch(/^openim_journal_applied_total 7$/m);
    expect(await service.fetch('/health/ready')).toMatchObject({ status: 200, body: { status: 'ok' } });
    expect(await readFile(join(folder, 'journal/callbacks.jsonl'), 'utf8')).toBe('');
  });

  it('keeps what PostgreSQL leaves without an answer, and then everything at once', async () => {
    proxy.hang();
    const start = Date.now();
    expect((await service.post(JOIN, joined('g', 'c'))).body).toEqual(SUCCESS);
    const first = Date.now() - start;
    expect((await service.post(JOIN, joined('g', 'd'))).body).toEqual(SUCCESS);
    expect(first).toBeLessThan(3000);
    expect(Date.now() - start - first).toBeLessThan(1500);

    await proxy.close();
    await proxy.listen();
    await isEmpty();
    expect(await present('g')).toEqual(['a', 'b', 'c', 'd', 'o']);
  });

  it('does not apply again what was only late', async () => {
    await service.database.query('BEGIN');
    await service.database.query("SELECT FROM groups WHERE group_id = 'g' FOR UPDATE");
    expect((await service.post(JOIN, joined('g', 'c'))).body).toEqual(SUCCESS);
    expect((await service.post(KICK, kicked('g', 'a'))).body).toEqual(SUCCESS);
    expect((await journal()).waiting).toBe(2);
    await service.database.query('COMMIT');
    await isEmpty();

    expect(await present('g')).toEqual(['b', 'c', 'o']);
    expect((await service.rows()).groups).toMatchObject([{ member_count: '3' }]);
    expect(
      await service.database.query(
        'SELECT command, count(*)::int FROM callback_deliveries GROUP BY 1 ORDER BY 1',
      ),
    ).toEqual([
      { command: CREATE, count: 1 },
      { command: JOIN, count: 1 },
      { command: KICK, count: 1 },
    ]);
  });

  it('does not take what came after one that was late for older than it', async () => {
    await service.database.query('BEGIN');
    await service.database.query("SELECT FROM groups WHERE group_id = 'g' FOR UPDATE");
    expect((await service.post(JOIN, joined('g', 'c'))).body).toEqual(SUCCESS);
    expect((await service.post(KICK, kicked('g', 'c'))).body).toEqual(SUCCESS);
    await sleep(500);
    await service.database.query('COMMIT');
    await isEmpty();

    expect(await present('g')).toEqual(['a', 'b', 'o']);
  });

  it('answers 503 where the journal is full, and writes what it acknowledged', async () => {
    const users = Array.from({ length: 3000 }, (_, n) => `user${n}`);
    await service.database.query('BEGIN');
    await service.database.query("SELECT FROM groups WHERE group_id = 'g' FOR UPDATE");
    const statuses = [];
    for (let n = 0; n < 12; n += 1) {
      statuses.push((await service.post(CREATE, created('g', `${n}`, ...users))).status);
    }
    await service.database.query('COMMIT');
    expect(statuses.slice(0, 2)).toEqual([200, 200]);
    expect(statuses.at(-1)).toBe(503);
    expect(await service.fetch('/health/ready')).toMatchObject({ status: 200 });
    await isEmpty();
    const logged = await service.database.query<{ outcome: string }>(
      'SELECT outcome FROM callback_deliveries',
    );
    const failed = logged.filter(({ outcome }) => outcome === 'failed');
    expect([failed.length, logged.length]).toEqual([statuses.filter((status) => status === 503).length, 13]);
  });

  it('refuses what is not valid as ever, and answers what is not mirrored', async () => {
    await proxy.close();
    expect((await service.post(CREATE, '{')).status).toBe(400);
    expect((await service.post('callbackAfterSendGroupMsgCommand', {})).status).toBe(200);
    expect((await journal()).waiting).toBe(0);
  });

  it('does not let one that cannot be applied keep the others waiting', async () => {
    await service.database.query(
      'ALTER TABLE groups ADD CONSTRAINT nobody_knows CHECK (group_id <> $$bad$$)',
    );
    await proxy.close();
    expect((await service.post(CREATE, created('bad'))).status).toBe(200);
    expect((await service.post(CREATE, created('good'))).status).toBe(200);
    await proxy.listen();
    await isEmpty();

    expect((await service.rows()).groups.map(({ group_id: id }) => id)).toEqual(['g', 'good']);
    expect(
      await service.database.query("SELECT outcome FROM callback_deliveries WHERE group_id = 'bad'"),
    ).toEqual([{ outcome: 'failed' }]);
    expect(service.log).toContainEqual(
      expect.objectContaining({
        level: 'error',
        msg: expect.stringContaining('of bad, operationID 7b1c0d9e44'),
      }),
    );
  });
});

describe('a process that ends with callbacks in its journal', () => {
  let database: TestDatabase;
  let proxy: Proxy;

  beforeEach(async () => {
    database = await TestDatabase.create();
    proxy = new Proxy(new URL(database.url));
    await proxy.listen();
  });

  afterEach(async () => {
    await ServiceProcess.endAll();
    await proxy.close().catch(() => undefined);
    await database.drop();
  });

  const start = (environment: Record<string, string> = {}) =>
    ServiceProcess.start({ JOURNAL: 'on', DATA_DIR: folder, DATABASE_URL: proxy.url, ...environment });

  it.each(['SIGKILL', 'SIGTERM'] as const)('by %s leaves them to the next one', async (signal) => {
    await proxy.close();
    const first = start();
    for (const groupID of ['g1', 'g2']) {
      expect(await first.post(created(groupID, 'a'))).toEqual({ status: 200, body: SUCCESS });
    }
    await first.end(signal);
    await appendFile(join(folder, 'journal/callbacks.jsonl'), '{"id":"torn');

    const second = start();
    await second.says(/2 callbacks wait in the journal/);
    expect((await second.post(created('g3'))).status).toBe(200);
    await proxy.listen();
    await eventually(
      async () => ((await second.get('/admin/stats')).body as unknown as Stats).journal.waiting === 0,
    );
    expect(await second.end()).toBe(0);

    expect(await database.query('SELECT group_id FROM groups ORDER BY 1')).toEqual(
      ['g1', 'g2', 'g3'].map((id) => ({ group_id: id })),
    );
    expect(await database.query('SELECT FROM callback_deliveries')).toHaveLength(3);
    expect(second.log).not.toContain('cannot be read');
  });

  it('and does not apply again what was written before the end', async () => {
    const first = start();
    await first.says(/The database is ready/);
    expect((await first.post(created('g', 'a'))).status).toBe(200);
    await first.end();
    const [delivery] = await database.query<{ id: string }>('SELECT id FROM callback_deliveries');
    const entry = {
      id: delivery!.id,
      receivedAt: Date.now(),
      command: CREATE,
      operationID: '',
      groupID: 'g',
      body: Buffer.from(JSON.stringify(created('g', 'a', 'b'))).toString('base64'),
    };
    await writeFile(join(folder, 'journal/callbacks.jsonl'), `${JSON.stringify(entry)}\nno JSON\n`);

    const second = start();
    await second.says(/1 lines of .* cannot be read/);
    await second.says(/1 callbacks wait in the journal/);
    await second.says(/The database is ready/);
    await eventually(
      async () => ((await second.get('/admin/stats')).body as unknown as Stats).journal.waiting === 0,
    );
    await second.end();

    expect(await database.query('SELECT user_id FROM group_members ORDER BY 1')).toEqual([
      { user_id: 'a' },
      { user_id: 'o' },
    ]);
    expect(await readdir(join(folder, 'journal'))).toContain('callbacks.jsonl.damaged');
  });

  it('gives up one that cannot be applied also when it has done so before', async () => {
    await database.query('ALTER TABLE groups ADD CONSTRAINT nobody_knows CHECK (group_id <> $$bad$$)');
    await proxy.close();
    const first = start();
    expect((await first.post(created('bad'))).status).toBe(200);
    await first.end('SIGKILL');
    const journal = await readFile(join(folder, 'journal/callbacks.jsonl'));
    await proxy.listen();
    for (let again = 0; again < 2; again += 1) {
      await writeFile(join(folder, 'journal/callbacks.jsonl'), journal);
      const next = start();
      await next.says(/The database is ready/);
      await eventually(
        async () => ((await next.get('/admin/stats')).body as unknown as Stats).journal.waiting === 0,
      );
      await next.end();
    }
    expect(await database.query('SELECT outcome FROM callback_deliveries')).toEqual([{ outcome: 'failed' }]);
  });

  it('has the folder for itself', async () => {
    const first = start();
    await first.url();
    const second = start();
    await second.says(/There is no journal: .* in use by another process/);
    expect(first.log).not.toContain('There is no journal');
  });

  it('says where it cannot keep any, and that it may not', async () => {
    await writeFile(join(folder, 'file'), '');
    const without = start({ DATA_DIR: join(folder, 'file') });
    await without.says(/There is no journal: .* DATA_DIR must be a folder that this user can write/);
    const off = start({ JOURNAL: 'off' });
    await off.says(/JOURNAL is off/);
    await proxy.close();
    for (const service of [without, off]) {
      expect((await service.post(created('g'))).status).toBe(503);
      expect((await service.get('/health/ready')).status).toBe(503);
    }
  });

  it('refuses what is more than it may take', async () => {
    await proxy.close();
    const service = start({ JOURNAL_LIMIT: '1mb' });
    const users = Array.from({ length: 6000 }, (_, n) => `user${n}`);
    const answers = [];
    for (let n = 0; n < 5; n += 1) {
      answers.push((await service.post(created(`g${n}`, ...users))).status);
    }
    expect(answers).toEqual([200, 200, 200, 503, 503]);
    await service.says(/The journal holds JOURNAL_LIMIT, 1048576 bytes, already/);
    await proxy.listen();
    await eventually(async () => (await database.query('SELECT FROM groups')).length === 3);
  });
});

const entry = (n: number) => ({
  id: `id${n}`,
  receivedAt: n,
  command: CREATE,
  operationID: '',
  groupID: `g${n}`,
  body: Buffer.from(fixture(CREATE, 'documented')),
});
const opened = (path: string, limit = 1024 * 1024) => JournalFile.open(path, limit, () => undefined);

describe('the file of the journal', () => {
  it('holds, wherever it is cut off, the entries whose end is there, and takes new ones', async () => {
    const path = join(folder, 'file');
    const { file } = await opened(path);
    const located = await Promise.all([1, 2, 3].map((n) => file.append(entry(n))));
    await file.close();
    const whole = await readFile(path);

    for (let length = 0; length <= whole.length; length += 61) {
      await writeFile(path, whole);
      await truncate(path, length);
      const { file: cut, entries } = await opened(path);
      expect(entries).toHaveLength(
        located.filter(({ offset, length: own }) => offset + own <= length).length,
      );
      expect(await cut.read(await cut.append(entry(4)))).toEqual(entry(4));
      await cut.close();
    }
  });

  it('takes what comes while it is emptied', async () => {
    const path = join(folder, 'file');
    const { file } = await opened(path);
    await file.append(entry(1));
    const [, second] = await Promise.all([file.clear(), file.append(entry(2))]);
    expect(await file.read(second)).toEqual(entry(2));
    await file.close();
    const again = await opened(path);
    expect(again.entries).toEqual([second]);
    await again.file.close();
  });

  it('counts what is on its way', async () => {
    const path = join(folder, 'file');
    const { file } = await opened(path, 2000);
    const appends = await Promise.allSettled([1, 2, 3].map((n) => file.append(entry(n))));
    expect(appends.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'rejected']);
    expect(appends[1]).toMatchObject({ reason: expect.any(JournalFullError) });
    await file.close();
  });
});

import { appendFile, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { crc32 } from 'node:zlib';
import { jest } from '@jest/globals';
import { ReplayWriter } from '../src/callback/journaling/replay-writer.service.js';
import { DatabaseService } from '../src/database/database.service.js';
import { decodeAll, encodeEntry } from '../src/journal/journal-entry.js';
import { JournalService } from '../src/journal/journal.service.js';
import { DatabaseClock } from '../src/postgres/database-clock.js';
import { TestDatabase } from './helpers/database.js';
import { journalBytes, journalEntry, journalFiles, quarantined } from './helpers/journal-folder.js';
import { eventually, ServiceProcess } from './helpers/process.js';
import { Proxy } from './helpers/proxy.js';
import { CREATE, KEY, Service, SUCCESS } from './helpers/service.js';

const JOIN = 'callbackAfterJoinGroupCommand';
const KICK = 'callbackAfterKickGroupCommand';
const INFO = 'callbackAfterSetGroupInfoCommand';
const MESSAGE = 'callbackAfterSendGroupMsgCommand';

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

/** Writes the files of a journal as a process left them. */
const leave = async (...bytes: Buffer[]): Promise<void> => {
  await mkdir(join(folder, 'journal'), { recursive: true });
  await writeFile(join(folder, 'journal/callbacks-0000000001.journal'), Buffer.concat(bytes));
};

describe('The journal while PostgreSQL is away', () => {
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
  const isEmpty = () => eventually(async () => expect((await journal()).waiting).toBe(0));
  const present = async (groupID: string) =>
    (
      await service.database.query<{ user_id: string }>(
        'SELECT user_id FROM group_members WHERE group_id = $1 AND left_at IS NULL ORDER BY user_id',
        [groupID],
      )
    ).map(({ user_id: userID }) => userID);

  it('keeps callbacks on disk, reports them, and applies them in their order', async () => {
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
    expect((await journalBytes(folder)).length).toBe(0);
  });

  it('keeps callbacks that PostgreSQL does not answer, and then all further ones at once', async () => {
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

  it('does not apply a callback again whose write was only late', async () => {
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

  it('gives a callback after a late one a later as_of', async () => {
    await service.database.query('BEGIN');
    await service.database.query("SELECT FROM groups WHERE group_id = 'g' FOR UPDATE");
    expect((await service.post(JOIN, joined('g', 'c'))).body).toEqual(SUCCESS);
    expect((await service.post(KICK, kicked('g', 'c'))).body).toEqual(SUCCESS);
    await sleep(500);
    await service.database.query('COMMIT');
    await isEmpty();

    expect(await present('g')).toEqual(['a', 'b', 'o']);
  });

  it('rejects callbacks with 503 when it is full, and applies all acknowledged ones', async () => {
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

  it('does not change the answers to invalid and ignored callbacks', async () => {
    await proxy.close();
    expect((await service.post(CREATE, '{')).status).toBe(400);
    expect((await service.post('callbackAfterSendGroupMsgCommand', {})).status).toBe(200);
    expect((await journal()).waiting).toBe(0);
  });

  const USER = 'callbackAfterUpdateUserInfoCommand';
  const renamed = (userID: string) => ({
    callbackCommand: USER,
    userID,
    nickName: 'secret',
    faceURL: 'secret',
  });
  const logged = () =>
    service.database.query(
      'SELECT command, group_id, outcome, body FROM callback_deliveries WHERE command <> $1 ORDER BY received_at',
      [CREATE],
    );
  const marked = async () =>
    (
      await service.database.query<{ group_id: string }>(
        'SELECT group_id FROM groups WHERE stale_since IS NOT NULL ORDER BY group_id',
      )
    ).map(({ group_id: groupID }) => groupID);

  it('keeps only the hint of a callback of a message or a user', async () => {
    await service.post(CREATE, created('h', 'c'));
    await proxy.close();
    const message = { callbackCommand: MESSAGE, groupID: 'g', contentType: 1509, content: 'secret' };
    expect((await service.post(MESSAGE, message)).body).toEqual(SUCCESS);
    expect((await service.post(USER, renamed('c'))).body).toEqual(SUCCESS);
    expect((await service.post(USER, renamed('c'))).body).toEqual(SUCCESS);
    expect((await journal()).waiting).toBe(3);
    const bodies = decodeAll(await journalBytes(folder)).flatMap(({ piece }) =>
      piece.kind === 'entry' ? [JSON.parse(String(piece.entry.body)) as unknown] : [],
    );
    expect(bodies).toEqual([
      { callbackCommand: MESSAGE, groupID: 'g', contentType: 1509 },
      { callbackCommand: USER, userID: 'c' },
      { callbackCommand: USER, userID: 'c' },
    ]);

    await proxy.listen();
    await isEmpty();

    expect(await marked()).toEqual(['g', 'h']);
    expect(await logged()).toEqual([
      { command: MESSAGE, group_id: 'g', outcome: 'applied', body: null },
      { command: USER, group_id: null, outcome: 'applied', body: null },
      { command: USER, group_id: null, outcome: 'applied', body: null },
    ]);
  });

  it('marks the other groups of a user as stale at once while the row of one group is locked, and that group later', async () => {
    await service.post(CREATE, created('h', 'a'));
    await service.database.query('BEGIN');
    await service.database.query("SELECT FROM groups WHERE group_id = 'g' FOR UPDATE");
    expect((await service.post(USER, renamed('a'))).body).toEqual(SUCCESS);
    expect(service.log.at(-1)).toMatchObject({ command: USER, outcome: 'journaled' });
    expect(await marked()).toEqual(['h']);
    const start = Date.now();
    await service.post(USER, renamed('b')); // b is a member of the locked group only
    await service.post(INFO, { callbackCommand: INFO, groupID: 'h', groupName: 'free' });
    expect(service.log.at(-1)).toMatchObject({ groupID: 'h', outcome: 'applied' });
    expect(Date.now() - start).toBeLessThan(3000);
    await service.database.query('COMMIT');
    await isEmpty();
    expect(await marked()).toEqual(['g', 'h']);
    expect((await logged()).filter(({ command }) => command === USER)).toMatchObject([
      { group_id: null, outcome: 'applied' },
      { group_id: null, outcome: 'applied' },
    ]);
  });

  it('does not delay other groups while the row of one group is locked', async () => {
    await service.database.query('BEGIN');
    await service.database.query("SELECT FROM groups WHERE group_id = 'g' FOR UPDATE");
    expect(
      (await service.post(INFO, { callbackCommand: INFO, groupID: 'g', groupName: 'locked' })).body,
    ).toEqual(SUCCESS);
    const start = Date.now();
    for (let n = 0; n < 20; n += 1) {
      await service.post(CREATE, created(`free${n}`));
      expect(service.log.at(-1)).toMatchObject({ groupID: `free${n}`, outcome: 'applied' });
    }
    expect(Date.now() - start).toBeLessThan(2000);
    expect((await journal()).waiting).toBe(1);
    await sleep(2500); // the locked group is tried again meanwhile
    await service.post(CREATE, created('free20'));
    expect(service.log.at(-1)).toMatchObject({ groupID: 'free20', outcome: 'applied' });
    expect(service.log.filter(({ msg }) => String(msg).includes('is away'))).toEqual([]);
    expect(await service.fetch('/health/ready')).toMatchObject({ status: 200, body: { status: 'ok' } });
    await service.database.query('COMMIT');
    await isEmpty();
    expect((await service.rows()).groups.find(({ group_id: id }) => id === 'g')).toMatchObject({
      group_name: 'locked',
    });
  });

  it('does not delay other groups while the rows of many groups are locked', async () => {
    const locked = Array.from({ length: 30 }, (_, n) => `locked${n}`);
    for (const groupID of locked) {
      await service.post(CREATE, created(groupID));
    }
    await service.database.query('BEGIN');
    await service.database.query("SELECT FROM groups WHERE group_id LIKE 'locked%' FOR UPDATE");
    await Promise.all(locked.map((groupID) => service.post(JOIN, joined(groupID, 'a'))));
    expect((await journal()).waiting).toBe(30);
    const slowest = [];
    for (let n = 0; n < 40; n += 1) {
      const start = Date.now();
      await service.post(CREATE, created(`free${n}`));
      slowest.push(Date.now() - start);
      expect(service.log.at(-1)).toMatchObject({ groupID: `free${n}`, outcome: 'applied' });
      await sleep(50);
    }
    expect(Math.max(...slowest)).toBeLessThan(900); // lock_timeout: one that waits for a lock waits that long
    await service.database.query('COMMIT');
    await isEmpty();
    expect(await present('locked29')).toEqual(['a', 'o']);
  });

  it.each(['XX000', '53100', '53200', '55000', '26000', '42501', '42P01', '57014', '58030', 'XX001'])(
    'keeps a callback that PostgreSQL rejects with SQLSTATE %s, and applies it when the cause is removed',
    async (code) => {
      await service.database.query(`
        CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
          IF NEW.group_id = 'bad' THEN RAISE EXCEPTION 'rejected' USING ERRCODE = '${code}'; END IF;
          RETURN NEW;
        END $$`);
      await service.database.query(
        'CREATE TRIGGER refuse BEFORE INSERT OR UPDATE ON groups FOR EACH ROW EXECUTE FUNCTION refuse()',
      );
      expect((await service.post(CREATE, created('bad', 'a'))).body).toEqual(SUCCESS);
      expect((await service.post(CREATE, created('good', 'a'))).body).toEqual(SUCCESS);
      await eventually(async () => expect(await present('good')).toHaveLength(2));
      expect((await journal()).waiting).toBe(1);
      await service.database.query('DROP TRIGGER refuse ON groups');
      await isEmpty();
      expect(await present('bad')).toEqual(['a', 'o']);
    },
  );

  it('does not keep a callback whose values PostgreSQL rejects: it is answered with 500 and logged as failed', async () => {
    await service.database.query(
      'ALTER TABLE groups ADD CONSTRAINT nobody_knows CHECK (group_id <> $$bad$$)',
    );
    expect((await service.post(CREATE, created('bad'))).status).toBe(500);
    expect((await journal()).waiting).toBe(0);
    expect(
      await service.database.query("SELECT outcome FROM callback_deliveries WHERE group_id = 'bad'"),
    ).toEqual([{ outcome: 'failed' }]);
  });

  it('stops retrying an entry that fails alone after a bounded number of attempts, and its delivery keeps the body for a replay', async () => {
    await service.database.query(`
      CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN RAISE EXCEPTION 'rejected' USING ERRCODE = 'XX000'; END $$`);
    await service.database.query(
      "CREATE TRIGGER refuse BEFORE INSERT ON groups FOR EACH ROW WHEN (NEW.group_id = 'bad') EXECUTE FUNCTION refuse()",
    );
    expect((await service.post(CREATE, created('bad', 'a'))).status).toBe(200);
    const waiting = service.app.get(JournalService).groups.first('bad', 1, Infinity);
    await service.app.get(ReplayWriter).write(waiting, 19);

    expect((await journal()).waiting).toBe(0);
    const [failed] = await service.database.query<{ id: string; outcome: string }>(
      "SELECT id, outcome FROM callback_deliveries WHERE group_id = 'bad'",
    );
    expect(failed).toMatchObject({ outcome: 'failed' });
    await service.database.query('DROP TRIGGER refuse ON groups');
    const replay = await service.fetch(`/admin/deliveries/${failed!.id}/replay`, {
      method: 'POST',
      headers: { authorization: `Bearer ${KEY}` },
    });
    expect(replay.body).toMatchObject({ outcome: 'applied' });
    expect(await present('bad')).toEqual(['a', 'o']);
  });

  it('keeps the order of its entries while the clock of the machine is an hour behind', async () => {
    await service.post(INFO, { callbackCommand: INFO, groupID: 'g', groupName: 'before' });
    await proxy.close();
    const now = Date.now;
    const clock = jest.spyOn(Date, 'now').mockImplementation(() => now() - 3_600_000);
    try {
      await service.post(JOIN, joined('g', 'c'));
      await service.post(KICK, kicked('g', 'a'));
      await service.post(INFO, { callbackCommand: INFO, groupID: 'g', groupName: 'after' });
    } finally {
      clock.mockRestore();
    }
    await proxy.listen();
    await isEmpty();
    expect(await present('g')).toEqual(['b', 'c', 'o']);
    expect((await service.rows()).groups).toMatchObject([{ group_name: 'after' }]);
    expect(await service.database.query('SELECT DISTINCT outcome FROM callback_deliveries')).toEqual([
      { outcome: 'applied' },
    ]);
  });

  it('gives entries a later as_of than the rows, even if the clock of PostgreSQL was set back', async () => {
    await service.database.query(`
      UPDATE groups SET as_of = as_of + interval '1 hour';
      UPDATE group_members SET as_of = as_of + interval '1 hour';
      UPDATE callback_deliveries SET received_at = received_at + interval '1 hour'`);
    await service.app.get(DatabaseClock).set();
    await proxy.close();
    await service.post(KICK, kicked('g', 'a'));
    await proxy.listen();
    await isEmpty();
    expect(await present('g')).toEqual(['b', 'o']);
  });

  it('applies the other entries though one cannot be applied', async () => {
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
        msg: 'Journal entry cannot be applied',
        groupID: 'bad',
        operationID: '7b1c0d9e44',
      }),
    );
  });
});

describe('The journal of a process that ended with callbacks in it', () => {
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

  it.each(['SIGKILL', 'SIGTERM'] as const)('is applied by the next process after %s', async (signal) => {
    await proxy.close();
    const first = start();
    for (const groupID of ['g1', 'g2']) {
      expect(await first.post(created(groupID, 'a'))).toEqual({ status: 200, body: SUCCESS });
    }
    await first.end(signal);
    await appendFile((await journalFiles(folder)).at(-1)!, '- 0123456789abcdef {"id":"torn');

    const second = start();
    await second.says(/"entries":2,"msg":"Callbacks of an earlier process wait/);
    expect((await second.post(created('g3'))).status).toBe(200);
    await proxy.listen();
    await eventually(async () =>
      expect(((await second.get('/admin/stats')).body as unknown as Stats).journal.waiting).toBe(0),
    );
    expect(await second.end()).toBe(0);

    expect(await database.query('SELECT group_id FROM groups ORDER BY 1')).toEqual(
      ['g1', 'g2', 'g3'].map((id) => ({ group_id: id })),
    );
    expect(await database.query('SELECT FROM callback_deliveries')).toHaveLength(3);
    expect(second.log).toMatch(/"reason":"torn".*An entry of the journal was not applied/);
    expect(second.log).not.toMatch(/"level":"error"/);
  });

  it('is applied without the callbacks that were written before the end', async () => {
    const first = start();
    await first.says(/The database is ready/);
    expect((await first.post(created('g', 'a'))).status).toBe(200);
    await first.end();
    const [delivery] = await database.query<{ id: string }>('SELECT id FROM callback_deliveries');
    const body = Buffer.from(JSON.stringify(created('g', 'a', 'b')));
    const entry = encodeEntry(journalEntry(1, { id: delivery!.id, groupID: 'g', body }));
    await leave(entry, Buffer.from('no entry\n'));

    const second = start();
    await second.says(/"reason":"damaged".*An entry of the journal was not applied/);
    await second.says(/"entries":1,"msg":"Callbacks of an earlier process wait/);
    await second.says(/The database is ready/);
    await eventually(async () =>
      expect(((await second.get('/admin/stats')).body as unknown as Stats).journal.waiting).toBe(0),
    );
    await second.end();

    expect(await database.query('SELECT user_id FROM group_members ORDER BY 1')).toEqual([
      { user_id: 'a' },
      { user_id: 'o' },
    ]);
    expect(await quarantined(folder)).toContain('no entry\n');
  });

  it('leads to one failed delivery of an entry that cannot be applied, even if the entry is found again', async () => {
    await database.query('ALTER TABLE groups ADD CONSTRAINT nobody_knows CHECK (group_id <> $$bad$$)');
    await proxy.close();
    const first = start();
    expect((await first.post(created('bad'))).status).toBe(200);
    await first.end('SIGKILL');
    const journal = await journalBytes(folder);
    await proxy.listen();
    for (let again = 0; again < 2; again += 1) {
      await leave(journal);
      const next = start();
      await next.says(/The database is ready/);
      await eventually(async () =>
        expect(((await next.get('/admin/stats')).body as unknown as Stats).journal.waiting).toBe(0),
      );
      await next.end();
    }
    expect(await database.query('SELECT outcome FROM callback_deliveries')).toEqual([{ outcome: 'failed' }]);
  });

  it('is applied except an entry that PostgreSQL rejects as a change and in the log, which is quarantined', async () => {
    const entry = (sequence: number, more: object) =>
      encodeEntry(
        journalEntry(sequence, {
          groupID: 'g',
          body: Buffer.from(JSON.stringify(created('g', `user${sequence}`))),
          ...more,
        }),
      );
    const incomplete = Buffer.from(JSON.stringify({ sequence: 2, id: journalEntry(2).id }));
    const checksum = crc32(incomplete).toString(16).padStart(8, '0');
    const length = incomplete.length.toString(16).padStart(8, '0');
    await leave(
      entry(1, { id: '019abf00-0000-7000-8000-00000000000Z' }),
      Buffer.from(`- ${checksum}${length} ${incomplete.toString()}\n`),
      entry(3, {}),
      entry(4, { groupID: 'h', body: Buffer.from(JSON.stringify(created('h'))) }),
    );
    const service = start();
    await eventually(async () => expect(await database.query('SELECT FROM groups')).toHaveLength(2));
    await eventually(async () =>
      expect(((await service.get('/admin/stats')).body as unknown as Stats).journal.waiting).toBe(0),
    );
    const kept = await quarantined(folder);
    expect(kept).toMatch(/rejected, .*invalid input syntax for type uuid/);
    expect(kept).toMatch(/damaged, /);
    expect(kept).toContain(incomplete.toString());
    expect(await (await fetch(`${await service.url()}/metrics`)).text()).toMatch(
      /openim_journal_quarantined_total\{reason="rejected"\} 1/,
    );
    expect(await service.end()).toBe(0);

    const next = start();
    await next.says(/The database is ready/);
    expect(next.log).not.toMatch(/wait in the journal|An entry of the journal/);
  });

  it('is applied from the first entry that was not applied before a kill', async () => {
    await proxy.close();
    const first = start({ DATABASE_POOL_SIZE: '3' });
    await first.url();
    const groups = Array.from({ length: 60 }, (_, n) => `g${n}`);
    for (let n = 0; n < 10; n += 1) {
      await Promise.all(groups.map((groupID) => first.post(created(groupID, `user${n}`))));
    }
    await proxy.listen();
    const logged = async () => (await database.query('SELECT FROM callback_deliveries')).length;
    await eventually(async () => (await logged()) > 200);
    await first.end('SIGKILL');
    const applied = await logged();
    await proxy.close();

    const second = start();
    const [, waiting] = await second.says(/"entries":(\d+),"msg":"Callbacks of an earlier process wait/);
    expect(Number(waiting)).toBeLessThanOrEqual(600 - applied + 3 * 50);
    await proxy.listen();
    await eventually(async () => expect(await logged()).toBe(600));
    expect(await database.query('SELECT FROM callback_deliveries')).toHaveLength(600);
  });

  it('is locked: a second process does not use its folder', async () => {
    const first = start();
    await first.url();
    const second = start();
    await second.says(/in use by another process.*The journal cannot be opened/);
    expect(first.log).not.toContain('The journal cannot be opened');
  });

  it('is not in use where DATA_DIR is not writable or JOURNAL is off, and the log says so', async () => {
    await writeFile(join(folder, 'file'), '');
    const without = start({ DATA_DIR: join(folder, 'file') });
    await without.says(/The journal cannot be opened: .* DATA_DIR must be a folder that this user can write/);
    const off = start({ JOURNAL: 'off' });
    await off.says(/JOURNAL is off/);
    await proxy.close();
    for (const service of [without, off]) {
      expect((await service.post(created('g'))).status).toBe(503);
      expect((await service.get('/health/ready')).status).toBe(503);
    }
  });

  it('rejects callbacks beyond JOURNAL_LIMIT', async () => {
    await proxy.close();
    const service = start({ JOURNAL_LIMIT: '1mb' });
    const users = Array.from({ length: 6000 }, (_, n) => `user${n}`);
    const answers = [];
    for (let n = 0; n < 5; n += 1) {
      answers.push((await service.post(created(`g${n}`, ...users))).status);
    }
    expect(answers).toEqual([200, 200, 200, 503, 503]);
    await service.says(/The journal has reached JOURNAL_LIMIT, 1048576 bytes/);
    await proxy.listen();
    await eventually(async () => expect(await database.query('SELECT FROM groups')).toHaveLength(3));
  });
});

import { jest } from '@jest/globals';
import { Client } from 'pg';
import { DataSource } from 'typeorm';
import { uuidv7 } from 'uuidv7';
import { Config } from '../src/config/config.js';
import { DatabaseService } from '../src/database/database.service.js';
import { createPartitions } from '../src/partitions/daily-partitions.js';
import { RetentionService } from '../src/partitions/retention.service.js';
import { bodyOf, fixture } from './helpers/fixtures.js';
import { eventually } from './helpers/process.js';
import { CREATE, Service } from './helpers/service.js';

interface Delivery {
  id: string;
  receivedAt: string;
  command: string;
  operationID: string;
  groupID: string | null;
  outcome: string;
  problems: string | null;
  summary: string | null;
  durationMs: number;
  replayOf: string | null;
  body?: string | null;
}
interface Page<Item> {
  items: Item[];
  nextCursor: string | null;
}

const QUIT = 'callbackAfterQuitGroupCommand';
const INFO = 'callbackAfterSetGroupInfoExCommand';
const G = '2847193056';

let service: Service;

beforeAll(async () => {
  service = await Service.start();
});

beforeEach(async () => {
  await service.database.query('TRUNCATE groups, group_members, callback_deliveries');
});

afterAll(async () => {
  await service.stop();
});

const list = async (query = '') => (await service.admin<Page<Delivery>>(`/deliveries${query}`)).body.items;
const read = async ({ id }: { id: string }) => (await service.admin<Delivery>(`/deliveries/${id}`)).body;
const replay = (id: string) =>
  service.fetch<Delivery>(`/admin/deliveries/${id}/replay`, {
    method: 'POST',
    headers: { authorization: 'Bearer admin-key' },
  });
const rename = (groupName: string) => service.post(INFO, { callbackCommand: INFO, groupID: G, groupName });
const groupName = async () => (await service.admin<{ groupName: string }>(`/groups/${G}`)).body.groupName;

describe('An authenticated callback has one row in the log', () => {
  it('with the outcome applied or unchanged, and the bytes of its body', async () => {
    await service.post(CREATE, bodyOf(CREATE, 'made-by-operator'));
    await service.post(CREATE, bodyOf(CREATE, 'made-by-operator'));

    const [second, first] = await list();
    expect(first).toEqual({
      id: expect.stringMatching(/^[0-9a-f-]{36}$/),
      receivedAt: expect.stringMatching(/^\d{4}-.*Z$/),
      command: CREATE,
      operationID: '7b1c0d9e44',
      groupID: G,
      outcome: 'applied',
      problems: null,
      summary: 'the group "R&D <core>" was created, with u1 as its owner',
      durationMs: expect.any(Number),
      replayOf: null,
    });
    expect(second).toMatchObject({ outcome: 'unchanged', groupID: G });
    expect((await read(first!)).body).toBe(bodyOf(CREATE, 'made-by-operator'));
    expect(first!.durationMs).toBeGreaterThan(0);
  });

  it('with the outcome rejected, its problems and its body, and its group needs reconciling', async () => {
    await service.post(CREATE, bodyOf(CREATE, 'made-by-operator'));
    await service.post(QUIT, { callbackCommand: QUIT, groupID: G, userID: 7 });

    const [rejected] = await list('?outcome=rejected');
    expect(rejected).toMatchObject({
      command: QUIT,
      groupID: G,
      problems: 'userID must be a string of 1 to 255 characters',
    });
    expect((await read(rejected!)).body).toBe(`{"callbackCommand":"${QUIT}","groupID":"${G}","userID":7}`);
    expect((await service.admin(`/groups/${G}`)).body).toMatchObject({
      staleReason: 'a callback was rejected',
    });
  });

  it('with the outcome rejected if it is not JSON, too large, or of another media type', async () => {
    await service.post(CREATE, '{"groupID":\u0000"x\ud800');
    await service.post(CREATE, 'x', { 'content-type': 'text/plain' });
    await service.post(CREATE, JSON.stringify({ ex: 'x'.repeat(17_000_000) }));

    const [large, text, broken] = await list();
    expect(broken).toMatchObject({ outcome: 'rejected', problems: 'the body must be JSON', groupID: null });
    expect((await read(broken!)).body).toBe('{"groupID":\u0000"x\uFFFD');
    expect(text).toMatchObject({
      outcome: 'rejected',
      problems: expect.stringContaining('application/json'),
    });
    expect(large).toMatchObject({
      outcome: 'rejected',
      problems: expect.stringContaining('CALLBACK_BODY_LIMIT'),
    });
    expect((await read(large!)).body).toBeNull();
    expect(await service.database.query('SELECT FROM groups')).toEqual([]);
  });

  it('with the outcome failed and the cause, and its group needs reconciling', async () => {
    await service.post(CREATE, bodyOf(CREATE, 'made-by-operator'));
    await service.database.query('ALTER TABLE groups ADD CONSTRAINT never CHECK (group_name <> $$bad$$)');
    expect((await rename('bad')).status).toBe(500);
    await service.database.query('ALTER TABLE groups DROP CONSTRAINT never');

    expect(await list('?outcome=failed')).toMatchObject([
      { command: INFO, groupID: G, problems: expect.stringContaining('never') },
    ]);
    expect((await service.admin(`/groups/${G}`)).body).toMatchObject({ staleReason: 'a callback failed' });
  });

  it('with the outcome ignored and without the body if its command is not mirrored', async () => {
    const command = 'callbackAfterSendSingleMsgCommand';
    await service.post(command, { callbackCommand: command, content: 'secret' });

    const [ignored] = await list();
    expect(ignored).toMatchObject({ command, outcome: 'ignored', groupID: null, summary: null });
    expect((await read(ignored!)).body).toBeNull();
  });

  it('but no row if its token is wrong', async () => {
    await service.post(CREATE, fixture(CREATE, 'documented'), { authorization: 'Basic eDp5' });
    expect(await list()).toEqual([]);
  });

  it('that is written in the same statement and transaction as the change', async () => {
    const statements = service.recordStatements();
    await service.post(CREATE, bodyOf(CREATE, 'made-by-operator'));

    expect(statements.filter(({ sql }) => !sql.includes('pg_notify'))).toHaveLength(1);
    const [{ same } = { same: false }] = await service.database.query<{ same: boolean }>(
      'SELECT g.xmin::text = d.xmin::text AS same FROM groups g, callback_deliveries d',
    );
    expect(same).toBe(true);
  });

  it('if its body has 100,000 members', async () => {
    const initMemberList = Array.from({ length: 100_000 }, (_, index) => ({
      userID: `user${index}`,
      roleLevel: 20,
    }));
    const body = JSON.stringify({
      callbackCommand: CREATE,
      groupID: 'big',
      ownerUserID: 'o',
      initMemberList,
    });
    const { status, body: reply } = await service.post(CREATE, body);
    // A busy machine writes it after the time limit of the answer.
    expect(reply).toMatchObject({ errCode: status === 200 ? 0 : 503 });
    await eventually(async () => expect(await list('?outcome=applied')).toHaveLength(1));

    const [big] = await list('?outcome=applied');
    expect((await read(big!)).body).toBe(body);
  });
});

describe('GET /admin/deliveries', () => {
  it('filters by each field', async () => {
    await service.post(CREATE, bodyOf(CREATE, 'made-by-operator'));
    await service.post(CREATE, bodyOf(CREATE, 'made-by-owner'));
    await service.post(QUIT, bodyOf(QUIT, 'quit'));
    const all = await list();

    expect(all.map(({ command }) => command)).toEqual([QUIT, CREATE, CREATE]);
    expect(await list(`?command=${QUIT}`)).toEqual([all[0]]);
    expect(await list(`?groupID=${G}`)).toEqual([all[0], all[2]]);
    expect(await list(`?groupID=${G}&outcome=applied&command=${CREATE}`)).toEqual([all[2]]);
    expect(await list(`?receivedFrom=${all[0]!.receivedAt}`)).toEqual([all[0]]);
    expect(await list(`?receivedTo=${all[0]!.receivedAt}`)).toEqual([all[1], all[2]]);
    expect(await list('?receivedFrom=2000-01-01&receivedTo=2000-01-02T00:00:00Z')).toEqual([]);
  });

  it.each([
    ['2026-03-01T07:59:59Z', '2026-03-01T08:00:00.5Z'],
    ['2026-03-01T15:59:59%2B08:00', '2026-03-01T16:00:00.001%2B08:00'],
    ['2026-03-01T07:59Z', '2026-03-01T08:01Z'],
    ['2026-03-01', '2026-03-02'],
    ['0000-01-01', '9999-12-31'],
    ['2024-02-29T00:00:00.123456789Z', '2026-03-01T08:00:00.001Z'],
  ])('accepts receivedFrom %s and receivedTo %s', async (receivedFrom, receivedTo) => {
    await service.post(CREATE, bodyOf(CREATE, 'made-by-operator'));
    await service.database.query("UPDATE callback_deliveries SET received_at = '2026-03-01T08:00:00Z'");
    expect(await list(`?receivedFrom=${receivedFrom}&receivedTo=${receivedTo}`)).toHaveLength(1);
    expect(await list(`?receivedFrom=${receivedTo}`)).toEqual([]);
    expect(await list(`?receivedTo=${receivedFrom}`)).toEqual([]);
  });

  it('pages through every delivery once', async () => {
    for (let n = 0; n < 7; n += 1) {
      await rename(`name ${n}`);
    }
    const found: string[] = [];
    let query = '?limit=3';
    for (let page = 0; page < 3; page += 1) {
      const { body } = await service.admin<Page<Delivery>>(`/deliveries${query}`);
      found.push(...body.items.map(({ summary }) => summary!));
      query = `?limit=3&cursor=${body.nextCursor}`;
    }
    expect(found).toEqual([6, 5, 4, 3, 2, 1, 0].map((n) => `the group was changed: groupName "name ${n}"`));
  });

  it.each([
    'outcome=x',
    'receivedFrom=yesterday',
    'receivedTo=2026-13-01',
    'receivedFrom=20260101',
    'receivedFrom=2026-W01-1',
    'receivedFrom=2026-001',
    'receivedFrom=2026-01',
    'receivedFrom=2026',
    'receivedFrom=2026-02-30',
    'receivedTo=2025-02-29T00:00:00Z',
    'receivedFrom=2026-01-01T00:00:00,5Z',
    'receivedFrom=2026-01-01T00:00:00',
    'receivedTo=2026-01-01T00:00:00+08:00',
    'receivedTo=2026-01-01T24:00:00Z',
    'receivedTo=2026-01-01T00:00:60Z',
    'receivedTo=2026-01-01T00:00Z%20',
    'receivedTo=2026-01-01T00Z',
    'receivedTo=2026-01-01 00:00:00Z',
    'receivedTo=%2B002026-01-01T00:00:00Z',
    'receivedTo=1767225600000',
    'receivedTo=',
    'receivedFrom=2026-01-01&receivedFrom=2026-01-02',
    'status=1',
    'cursor=WzEsIngiXQ',
    'limit=0',
  ])('answers 400 for the query %s', async (query) => {
    expect((await service.admin(`/deliveries?${query}`)).status).toBe(400);
  });

  it('answers 404 for an unknown delivery, and 400 for an id that is not a uuid', async () => {
    expect((await service.admin(`/deliveries/${uuidv7()}`)).status).toBe(404);
    expect((await service.admin('/deliveries/1')).status).toBe(400);
  });
});

describe('POST /admin/deliveries/{id}/replay', () => {
  it('does not overwrite later changes, and is logged with the id of the original', async () => {
    await service.post(CREATE, bodyOf(CREATE, 'made-by-operator'));
    await rename('since');
    await service.post(QUIT, bodyOf(QUIT, 'quit'));
    const before = await service.rows();
    const original = (await list()).at(-1)!;

    const answer = await replay(original.id);

    expect(answer).toMatchObject({
      status: 200,
      body: { replayOf: original.id, outcome: 'unchanged', command: CREATE, groupID: G },
    });
    expect(await service.rows()).toEqual(before);
    expect(await list()).toContainEqual(answer.body);
  });

  it('applies a failed callback as of the time when it was received', async () => {
    await service.post(CREATE, bodyOf(CREATE, 'made-by-operator'));
    await service.database.query('ALTER TABLE groups ADD CONSTRAINT never CHECK (group_name <> $$bad$$)');
    await rename('bad');
    await service.database.query('ALTER TABLE groups DROP CONSTRAINT never');
    const [failed] = await list('?outcome=failed');

    expect((await replay(failed!.id)).body).toMatchObject({ outcome: 'applied', replayOf: failed!.id });

    expect(await groupName()).toBe('bad');
    const [{ as_of: asOf } = { as_of: new Date(0) }] = await service.database.query<{ as_of: Date }>(
      'SELECT as_of FROM groups',
    );
    expect(asOf.toISOString()).toBe(failed!.receivedAt);
  });

  it('does not overwrite what a later callback reported', async () => {
    await service.post(CREATE, bodyOf(CREATE, 'made-by-operator'));
    await rename('first');
    await rename('second');
    await service.post(QUIT, bodyOf(QUIT, 'quit'));
    await service.post('callbackAfterJoinGroupCommand', {
      callbackCommand: 'callbackAfterJoinGroupCommand',
      groupID: G,
      inviterUserID: 'u4',
    });
    const [, quit, , first] = await list();

    expect((await replay(first!.id)).body.outcome).toBe('unchanged');
    expect((await replay(quit!.id)).body.outcome).toBe('unchanged');

    expect(await groupName()).toBe('second');
    const members = await service.admin<Page<{ userID: string }>>(`/groups/${G}/members`);
    expect(members.body.items.map(({ userID }) => userID)).toContain('u4');
  });

  it('rejects a rejected callback again, and answers 409 for a delivery without a body', async () => {
    await service.post(QUIT, { callbackCommand: QUIT, groupID: G, userID: 7 });
    const [rejected] = await list();
    expect((await replay(rejected!.id)).body).toMatchObject({
      outcome: 'rejected',
      problems: rejected!.problems,
      replayOf: rejected!.id,
    });

    await service.post('callbackAfterSendSingleMsgCommand', {});
    const [ignored] = await list();
    expect((await replay(ignored!.id)).status).toBe(409);
    expect((await replay(uuidv7())).status).toBe(404);
  });
});

describe('GET /admin/groups/{groupID}/timeline', () => {
  it('lists what happened to the group in sentences, newest first', async () => {
    await service.post(CREATE, bodyOf(CREATE, 'made-by-operator'));
    await service.post(
      'callbackAfterSetGroupMemberInfoCommand',
      bodyOf('callbackAfterSetGroupMemberInfoCommand', 'nickname'),
    );
    await service.post('callbackAfterJoinGroupCommand', bodyOf('callbackAfterJoinGroupCommand', 'join'));
    await service.post(INFO, bodyOf(INFO, 'announcement-cleared'));
    await service.post('callbackAfterKickGroupCommand', bodyOf('callbackAfterKickGroupCommand', 'kicked'));
    await service.post(QUIT, bodyOf(QUIT, 'quit'));
    await service.post(QUIT, { callbackCommand: QUIT, groupID: G, userID: '' });
    await service.post(
      'callbackAfterTransferGroupOwnerCommand',
      bodyOf('callbackAfterTransferGroupOwnerCommand', 'transfer'),
    );
    await service.post(
      'callbackAfterDisMissGroupCommand',
      bodyOf('callbackAfterDisMissGroupCommand', 'members-deleted'),
    );
    await service.post(CREATE, bodyOf(CREATE, 'made-by-owner'));

    const { body } = await service.admin<
      Page<{ what: string; outcome: string; at: string; deliveryID: string }>
    >(`/groups/${G}/timeline`);
    expect(body.items.map(({ what }) => what)).toEqual([
      'the group was dismissed, and its members deleted',
      'u1 handed the group over to u2',
      `${QUIT} was rejected: userID must be a string of 1 to 255 characters`,
      'u4 left',
      'u3, u5 had to leave: inactive > 90 days',
      'the group was changed: groupName "Q3 <plan>", notification cleared, needVerification 1',
      'u6 joined',
      'u4 was changed: nickname "Dee", faceURL cleared',
      'the group "R&D <core>" was created, with u1 as its owner',
    ]);
    expect(body.items[0]).toEqual({
      what: expect.any(String),
      outcome: 'applied',
      at: expect.any(String),
      deliveryID: expect.any(String),
    });
    expect((await service.admin<Page<unknown>>(`/groups/${G}/timeline?limit=2`)).body.items).toHaveLength(2);
  });
});

const tables = async () =>
  (
    await service.database.query<{ name: string }>(
      "SELECT relname AS name FROM pg_class WHERE relispartition AND relkind = 'r' ORDER BY 1",
    )
  ).map(({ name }) => name);

/** Creates the partition of a day long ago, with a row. */
async function addOldDay(): Promise<void> {
  await service.database.query(`
    CREATE TABLE callback_deliveries_20200101 PARTITION OF callback_deliveries
      FOR VALUES FROM ('016f5e66-e800-0000-0000-000000000000') TO ('016f638d-4400-0000-0000-000000000000')`);
  await service.database.query(`
    INSERT INTO callback_deliveries (id, received_at, command, operation_id, outcome, duration_ms)
    VALUES ('016f5e66-e800-7000-8000-000000000000', '2020-01-01', 'old', '', 'applied', 1)`);
}

describe('The retention', () => {
  it('drops the partitions of days before it, and keeps those of the days after', async () => {
    const before = await tables();
    const today = new Date().toISOString().slice(0, 10).replaceAll('-', '');
    expect(before).toEqual(
      expect.arrayContaining([`callback_deliveries_${today}`, `group_changes_${today}`]),
    );
    await service.post(CREATE, fixture(CREATE, 'documented'));
    await addOldDay();
    await service.app.get(RetentionService).removeOld();
    expect(await tables()).toEqual(before);
    expect((await list()).map(({ command }) => command)).toEqual([CREATE]);
    expect(await service.database.query(`SELECT FROM callback_deliveries_${today}`)).toHaveLength(1);
  });

  it('waits for a query that reads the log, and lets callbacks pass meanwhile', async () => {
    await addOldDay();
    const reader = new Client({ connectionString: service.database.url });
    await reader.connect();
    await reader.query('BEGIN');
    await reader.query('SELECT count(*) FROM callback_deliveries');
    const removal = service.app.get(RetentionService).removeOld();
    const start = Date.now();
    for (let n = 0; n < 20; n += 1) {
      expect(
        (await service.post(CREATE, fixture(CREATE, 'documented').replace('12345', `g${n}`))).status,
      ).toBe(200);
    }
    expect(Date.now() - start).toBeLessThan(3000);
    expect(await tables()).toContain('callback_deliveries_20200101');
    await reader.query('COMMIT');
    await reader.end();
    await removal;
    expect(await tables()).not.toContain('callback_deliveries_20200101');
  });

  it('waits for an old partition until PostgreSQL ends an autovacuum of it, after deadlock_timeout', async () => {
    await addOldDay();
    const vacuum = new Client({ connectionString: service.database.url });
    await vacuum.connect();
    await vacuum.query('BEGIN');
    await vacuum.query('LOCK TABLE callback_deliveries_20200101 IN SHARE UPDATE EXCLUSIVE MODE');
    const removal = service.app.get(RetentionService).removeOld();
    await eventually(async () => {
      const [row] = await service.database.query<{ is_over: boolean }>(`
        SELECT now() - waitstart > current_setting('deadlock_timeout')::interval AS is_over FROM pg_locks
        WHERE relation = 'callback_deliveries_20200101'::regclass AND NOT granted`);
      return row?.is_over === true;
    });
    await vacuum.end();
    await removal;
    expect(await tables()).not.toContain('callback_deliveries_20200101');
  });

  it('deletes rows of days without a partition in batches', async () => {
    await service.database.query(`
      INSERT INTO callback_deliveries (id, received_at, command, operation_id, outcome, duration_ms, body)
      SELECT gen_random_uuid(), now() - days * interval '1 day', 'c' || days, '', 'applied', 1, 'x'
      FROM unnest(ARRAY[1, 29, 31, 59, 61, 400]) AS days, generate_series(1, 600)`);
    await service.database.query(`
      INSERT INTO group_changes (group_id, revision, recorded_at, position, kinds, source, as_of, change, drift)
      SELECT 'g', days, now() - days * interval '1 day', days, '{}', 'callback', now(), '{}', NULL FROM unnest(ARRAY[1, 89, 91]) AS days`);
    await service.app.get(RetentionService).removeOld();

    expect(
      await service.database.query('SELECT FROM group_changes WHERE cardinality(kinds) = 0'),
    ).toHaveLength(2);
    expect(
      await service.database.query(
        'SELECT command, count(*)::int AS rows FROM callback_deliveries GROUP BY 1 ORDER BY min(received_at) DESC',
      ),
    ).toEqual([
      { command: 'c1', rows: 600 },
      { command: 'c29', rows: 600 },
    ]);
  });

  it('has partitions for the next days where the default partition has rows of today', async () => {
    const [today, ...coming] = (await tables()).filter((name) => /^callback_deliveries_\d/.test(name));
    await service.database.query(`DROP TABLE ${[today, ...coming].join(', ')}`);
    expect((await service.post(CREATE, fixture(CREATE, 'documented'))).status).toBe(200);
    await createPartitions(service.app.get(DataSource));
    expect((await tables()).filter((name) => /^callback_deliveries_\d/.test(name))).toEqual(coming);
  });

  it('is not needed to take callbacks: where no partition can be created, the default partition has the rows', async () => {
    await service.database.query(
      'DROP TABLE ' + (await tables()).filter((name) => /\d$/.test(name)).join(', '),
    );
    await service.database.query(`
      CREATE FUNCTION refuse() RETURNS event_trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'no tables'; END $$;
      CREATE EVENT TRIGGER refuse ON ddl_command_start WHEN TAG IN ('CREATE TABLE') EXECUTE FUNCTION refuse()`);
    const other = await Service.start({}, async () => service.database.url);
    await other.app.get(DatabaseService).opened;
    expect(other.log).toContainEqual(expect.objectContaining({ msg: 'Partitions cannot be created now' }));
    expect((await other.post(CREATE, fixture(CREATE, 'documented'))).status).toBe(200);
    expect(await service.database.query('SELECT FROM callback_deliveries_default')).toHaveLength(1);
    await other.stop();
  });

  it('removes nothing while another replica removes rows', async () => {
    await service.database.query(`
      INSERT INTO callback_deliveries (id, received_at, command, operation_id, outcome, duration_ms)
      VALUES (gen_random_uuid(), now() - interval '100 days', 'c', '', 'applied', 1)`);
    await service.database.query('SELECT pg_advisory_lock($1)', [0x0913_0003]);
    await service.app.get(RetentionService).removeOld();
    expect(await list()).toHaveLength(1);

    await service.database.query('SELECT pg_advisory_unlock($1)', [0x0913_0003]);
    await service.app.get(RetentionService).removeOld();
    expect(await list()).toEqual([]);
  });

  it('runs within two minutes of the start, and then every hour', async () => {
    const retention = new RetentionService(service.app.get(DataSource), service.app.get(Config));
    jest.useFakeTimers({ doNotFake: ['nextTick', 'setImmediate', 'queueMicrotask', 'Date', 'performance'] });
    try {
      retention.onApplicationBootstrap();
      for (const pauseMs of [120_000, 3_600_000, 3_600_000]) {
        await service.database.query(`
          INSERT INTO callback_deliveries (id, received_at, command, operation_id, outcome, duration_ms)
          VALUES (gen_random_uuid(), now() - interval '100 days', 'c', '', 'applied', 1)`);
        jest.advanceTimersByTime(pauseMs);
        await eventually(async () =>
          expect(await service.database.query('SELECT FROM callback_deliveries')).toHaveLength(0),
        );
      }
      expect(await list()).toEqual([]);
    } finally {
      await retention.onApplicationShutdown();
      jest.useRealTimers();
    }
  });
});

describe('GET /admin/stats', () => {
  it('counts groups, members, deliveries and groups that need reconciling', async () => {
    await service.post(CREATE, bodyOf(CREATE, 'made-by-operator'));
    await service.post(CREATE, bodyOf(CREATE, 'made-by-owner'));
    await service.post(
      'callbackAfterDisMissGroupCommand',
      bodyOf('callbackAfterDisMissGroupCommand', 'members-deleted'),
    );
    await service.post('callbackAfterKickGroupCommand', {
      callbackCommand: 'callbackAfterKickGroupCommand',
      groupID: '913364821',
      kickedUserIDs: ['u9'],
    });
    await service.post(CREATE, '{');
    await service.database.query(
      "UPDATE callback_deliveries SET received_at = received_at - interval '2 hours' WHERE command LIKE '%DisMiss%'",
    );

    const { body } = await service.admin<Record<string, unknown>>('/stats');

    expect(body).toEqual({
      groups: [
        { status: 0, groups: 1 },
        { status: 2, groups: 1 },
      ],
      members: 2,
      staleGroups: 1,
      deliveries: [
        { command: CREATE, outcome: 'applied', lastHour: 2, lastDay: 2 },
        { command: CREATE, outcome: 'rejected', lastHour: 1, lastDay: 1 },
        { command: 'callbackAfterDisMissGroupCommand', outcome: 'applied', lastHour: 0, lastDay: 1 },
        { command: 'callbackAfterKickGroupCommand', outcome: 'applied', lastHour: 1, lastDay: 1 },
      ],
      lostCallbacks: [],
      beforeCommands: [],
      clockDifferenceMs: null,
      journal: { open: false, waiting: 0, bytes: 0, oldestReceivedAt: null },
      lastReceived: [
        { command: CREATE, receivedAt: expect.any(String) },
        { command: 'callbackAfterDisMissGroupCommand', receivedAt: expect.any(String) },
        { command: 'callbackAfterKickGroupCommand', receivedAt: expect.any(String) },
      ],
    });
  });
});

import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from 'pg';
import { DatabaseService } from '../src/database/database.service.js';
import { RetentionService } from '../src/partitions/retention.service.js';
import type { ChangeDto, ChangesPage } from '../src/changes/change.dto.js';
import { bodyOf } from './helpers/fixtures.js';
import { expectChangesLeadToRows } from './helpers/fold.js';
import { HORIZON } from '../src/changes/feed-order.js';
import { eventually } from './helpers/process.js';
import { CREATE, KEY, Service } from './helpers/service.js';

const QUIT = 'callbackAfterQuitGroupCommand';
const JOIN = 'callbackAfterJoinGroupCommand';
const TRANSFER = 'callbackAfterTransferGroupOwnerCommand';
const INFO = 'callbackAfterSetGroupInfoExCommand';
const MEMBER = 'callbackAfterSetGroupMemberInfoCommand';
const G = '2847193056';

let service: Service;

beforeEach(async () => {
  service = await Service.start();
});

afterEach(async () => {
  await service.stop();
});

const post = async (command: string, groupID: string, fields: object = {}): Promise<void> => {
  const { status } = await service.post(command, { callbackCommand: command, groupID, ...fields });
  expect(status).toBe(200);
};
const create = (groupID: string) =>
  post(CREATE, groupID, {
    ownerUserID: 'o',
    groupName: `name of ${groupID}`,
    createTime: 1_780_000_000_000,
    memberCount: 2,
    initMemberList: [
      { userID: 'o', roleLevel: 100 },
      { userID: 'u', roleLevel: 20 },
    ],
  });

/** Waits until no transaction hides a change. The tests share a PostgreSQL, in which transactions of other tests are in progress. */
const settled = () =>
  eventually(async () => {
    const hidden = await service.database.query(
      `SELECT FROM group_changes WHERE position >= (SELECT ${HORIZON} FROM change_feed)`,
    );
    return hidden.length === 0;
  });

const follow = async (query = ''): Promise<ChangesPage> => {
  await settled();
  const { status, body } = await service.admin<ChangesPage>(`/changes${query}`);
  expect(status).toBe(200);
  return body;
};
const namesOf = (changes: ChangeDto[]) => changes.map(({ groupID, revision }) => `${groupID} ${revision}`);

it('The changes of a group come in order beyond the ninth, and so do positions of another length', async () => {
  await create('g');
  for (let n = 2; n <= 12; n += 1) {
    await post(INFO, 'g', { groupName: `name ${n}` });
  }
  const revisions = Array.from({ length: 12 }, (_, index) => index + 1);
  expect((await follow('?groupID=g')).items.map(({ revision }) => revision)).toEqual(revisions);
  await service.database.query('UPDATE group_changes SET position = 90 + revision'); // 91 to 102
  expect((await follow()).items.map(({ revision }) => revision)).toEqual(revisions);
});

describe('A change', () => {
  it('says what became what', async () => {
    await service.post(CREATE, bodyOf(CREATE, 'made-by-operator'));
    await post(INFO, G, { groupName: 'new name' });
    await post(MEMBER, G, { userID: 'u4', roleLevel: 60, nickName: 'Dee' });
    await post(TRANSFER, G, { oldOwnerUserID: 'u1', newOwnerUserID: 'u4' });
    await post(QUIT, G, { userID: 'u3' });
    await post(JOIN, G, { userID: 'u9', joinSource: 3, inviterUserID: '' });
    const { items, caughtUp } = await follow();
    expect(caughtUp).toBe(true);
    expect(items.map(({ revision, kinds, source }) => [revision, kinds, source])).toEqual([
      [1, ['created', 'joined'], 'callback'],
      [2, ['info'], 'callback'],
      [3, ['role'], 'callback'],
      [4, ['owner', 'role'], 'callback'],
      [5, ['left'], 'callback'],
      [6, ['joined'], 'callback'],
    ]);
    const [creation, info, role, owner, left, joined] = items;
    expect(creation).toMatchObject({
      groupID: G,
      group: {
        groupName: { from: null, to: 'R&D <core>' },
        status: { from: null, to: 0 },
        createTime: { to: expect.any(Number) },
      },
      members: expect.arrayContaining([{ userID: 'u1', kind: 'joined', roleLevel: 100 }]),
      moreMembers: 0,
    });
    expect(info).toMatchObject({ group: { groupName: { from: 'R&D <core>', to: 'new name' } }, members: [] });
    expect(role!.members).toEqual([
      { userID: 'u4', kind: 'role', roleLevel: 60, formerRoleLevel: 20, nickname: 'Dee' },
    ]);
    expect(owner).toMatchObject({ group: { ownerUserID: { from: 'u1', to: 'u4' } } });
    expect(owner!.members).toEqual(
      expect.arrayContaining([
        { userID: 'u1', kind: 'role', roleLevel: 60, formerRoleLevel: 100 },
        { userID: 'u4', kind: 'role', roleLevel: 100, formerRoleLevel: 60 },
      ]),
    );
    expect(left!.members).toEqual([
      { userID: 'u3', kind: 'left', roleLevel: expect.any(Number), cause: 'quit' },
    ]);
    expect(joined).toMatchObject({
      group: { memberCount: { to: 4 } },
      members: [{ userID: 'u9', roleLevel: 20 }],
    });
    const { body } = await service.admin<{ items: { id: string }[] }>(`/deliveries?groupID=${G}`);
    expect(items.map(({ cause }) => cause)).toEqual(body.items.map(({ id }) => id).toReversed());
    await expectChangesLeadToRows(service.database, [G]);
  });

  it('is not there for a callback that changes nothing, or is only a hint', async () => {
    await create('g');
    await create('g');
    await post(QUIT, 'g', { userID: 'u' });
    await post(QUIT, 'g', { userID: 'u' });
    await post('callbackAfterSendGroupMsgCommand', 'g', { contentType: 1509 });
    expect(namesOf((await follow()).items)).toEqual(['g 1', 'g 2']);
  });

  it('has the first 1,000 members of a large group, and the number of the others', async () => {
    const initMemberList = Array.from({ length: 2500 }, (_, n) => ({ userID: `u${n}`, roleLevel: 20 }));
    await post(CREATE, 'large', {
      ownerUserID: 'o',
      createTime: Date.now(),
      memberCount: 2500,
      initMemberList,
    });
    const [change] = (await follow()).items;
    expect([change!.members.length, change!.moreMembers]).toEqual([1000, 1500]);
  });

  it('of a replayed callback names the replay', async () => {
    await create('g');
    const [delivery] = (await service.admin<{ items: { id: string }[] }>('/deliveries')).body.items;
    await service.database.query(
      "UPDATE groups SET group_name = 'another', as_of = as_of - interval '1 hour'",
    );
    const { body } = await service.fetch<{ id: string }>(`/admin/deliveries/${delivery!.id}/replay`, {
      method: 'POST',
      headers: { authorization: `Bearer ${KEY}` },
    });
    expect((await follow()).items.at(-1)).toMatchObject({ source: 'replay', cause: body.id, revision: 2 });
  });
});

describe('The feed', () => {
  it('is read in parts, each behind the cursor of the last one', async () => {
    for (const groupID of ['a', 'b', 'c']) {
      await create(groupID);
      await post(QUIT, groupID, { userID: 'u' });
    }
    const seen: string[] = [];
    let page = await follow('?limit=4');
    for (; !page.caughtUp; page = await follow(`?limit=4&since=${page.nextCursor}`)) {
      seen.push(...namesOf(page.items));
    }
    seen.push(...namesOf(page.items));
    expect(seen).toEqual(['a 1', 'a 2', 'b 1', 'b 2', 'c 1', 'c 2']);
    expect((await follow(`?since=${page.nextCursor}`)).items).toEqual([]);
  });

  it('can be limited to a group or a kind, and its cursor is valid without them', async () => {
    await create('a');
    await create('b');
    await post(QUIT, 'a', { userID: 'u' });
    expect(namesOf((await follow('?groupID=a')).items)).toEqual(['a 1', 'a 2']);
    expect(namesOf((await follow('?kind=left')).items)).toEqual(['a 2']);
    const first = await follow('?groupID=a&limit=1');
    expect(namesOf((await follow(`?groupID=a&since=${first.nextCursor}`)).items)).toEqual(['a 2']);
    expect(namesOf((await follow(`?since=${first.nextCursor}`)).items)).toEqual(['b 1', 'a 2']);
    const { nextCursor } = await follow('?kind=role');
    await post(JOIN, 'b', { userID: 'x', joinSource: 3, inviterUserID: '' });
    expect(namesOf((await follow(`?since=${nextCursor}`)).items)).toEqual(['b 2']);
  });

  it('goes through many changes of other kinds without losing its place', async () => {
    await create('g');
    await service.database.query(`
      INSERT INTO group_changes (group_id, revision, recorded_at, position, kinds, source, as_of, change)
      SELECT 'x', n, now(), n - 20000, CASE WHEN n = 9000 THEN '{left}' ELSE '{info}' END::text[], 'callback', now(), '{}' FROM generate_series(1, 12000) AS n`);
    await service.database.query('UPDATE group_changes SET position = position + 20000 WHERE position < 0');
    await service.database.query('UPDATE change_feed SET position_offset = 20000');
    const seen: string[] = [];
    let [page, requests] = [await follow('?kind=left'), 1];
    for (; ; page = await follow(`?kind=left&since=${page.nextCursor}`), requests += 1) {
      seen.push(...namesOf(page.items));
      if (page.caughtUp) {
        break;
      }
    }
    expect([seen, requests > 1]).toEqual([['x 9000'], true]);
  });

  it('shows no change before those of transactions that are still in progress', async () => {
    const slow = new Client({ connectionString: service.database.url });
    await slow.connect();
    await slow.query('BEGIN');
    await slow.query(`
      INSERT INTO group_changes (group_id, revision, recorded_at, position, kinds, source, as_of, change)
      VALUES ('slow', 1, now(), pg_current_xact_id()::text::bigint, '{info}', 'callback', now(), '{}')`);
    await create('fast');
    const { body: during } = await service.admin<ChangesPage>('/changes');
    expect([during.items, during.caughtUp]).toEqual([[], true]);
    await slow.query('COMMIT');
    await slow.end();
    expect(namesOf((await follow(`?since=${during.nextCursor}`)).items)).toEqual(['slow 1', 'fast 1']);
  });

  it('waits for the next change, and ends the wait in time', async () => {
    await create('a');
    const { nextCursor } = await follow('?since=now');
    const waiting = follow(`?since=${nextCursor}&wait=20s`);
    await sleep(300);
    const start = Date.now();
    await create('b');
    const { items } = await waiting;
    expect([namesOf(items), Date.now() - start < 1500]).toEqual([['b 1'], true]);
    const before = Date.now();
    expect((await follow('?since=now&wait=1s')).items).toEqual([]);
    expect(Date.now() - before).toBeGreaterThanOrEqual(990);
  });

  it('wakes who waits in another replica', async () => {
    const other = await Service.start({}, async () => service.database.url);
    await other.app.get(DatabaseService).opened;
    const waiting = other.admin<ChangesPage>('/changes?since=now&wait=20s');
    await sleep(300);
    await create('a');
    expect(namesOf((await waiting).body.items)).toEqual(['a 1']);
    await other.stop();
  });

  it('ends the waits when the service stops', async () => {
    const other = await Service.start({}, async () => service.database.url);
    await other.app.get(DatabaseService).opened;
    const waiting = other.admin<ChangesPage>('/changes?since=now&wait=50s');
    await sleep(300);
    const start = Date.now();
    await Promise.all([waiting, other.stop()]);
    expect(Date.now() - start).toBeLessThan(5000);
  });

  it.each(['x', Buffer.from('["a",1]').toString('base64url')])('refuses the cursor %s', async (since) => {
    expect(await service.admin(`/changes?since=${since}`)).toMatchObject({
      status: 400,
      body: { message: ['since must be now, or the nextCursor of an earlier answer'] },
    });
  });

  it('answers 410 for a cursor whose changes the retention removed', async () => {
    await create('a');
    const { nextCursor } = await follow('?since=now');
    await create('b');
    await service.database.query("UPDATE group_changes SET recorded_at = now() - interval '91 days'");
    await service.app.get(RetentionService).removeOld();
    expect(await service.admin(`/changes?since=${nextCursor}`)).toMatchObject({
      status: 410,
      body: { message: expect.stringContaining('list the groups again') },
    });
    await create('c');
    expect(namesOf((await follow()).items)).toEqual(['c 1']);
  });

  it('goes on in another cluster into which a dump was restored, and refuses the cursors of before', async () => {
    await create('a');
    const { nextCursor } = await follow();
    await service.database.query('UPDATE group_changes SET position = position + 1000000000000');
    const restored = await Service.start({}, async () => service.database.url);
    await restored.app.get(DatabaseService).opened;
    await create('b');
    expect((await restored.admin(`/changes?since=${nextCursor}`)).status).toBe(410);
    expect(namesOf((await follow()).items)).toEqual(['a 1', 'b 1']);
    await restored.stop();
  });

  it('gives who LISTENs a hint', async () => {
    const listener = new Client({ connectionString: service.database.url });
    await listener.connect();
    let hints = 0;
    listener.on('notification', () => (hints += 1));
    await listener.query('LISTEN openim_changes');
    for (let n = 0; n < 10; n += 1) {
      await create(`g${n}`);
    }
    await eventually(async () => {
      expect(hints).toBeGreaterThan(0);
    });
    expect(hints).toBeLessThan(10);
    await listener.end();
  });
});

/** Reads events until there are as many. */
async function events(
  count: number,
  headers: Record<string, string> = {},
  query = '',
): Promise<{ id: string; data: ChangeDto }[]> {
  const abort = new AbortController();
  const response = await fetch(`${service.url}/admin/changes${query}`, {
    headers: { authorization: `Bearer ${KEY}`, accept: 'text/event-stream', ...headers },
    signal: abort.signal,
  });
  expect([response.status, response.headers.get('content-type')]).toEqual([
    200,
    'text/event-stream; charset=utf-8',
  ]);
  const seen: { id: string; data: ChangeDto }[] = [];
  let text = '';
  for await (const chunk of response.body!.pipeThrough(new TextDecoderStream())) {
    text += chunk;
    const parts = text.split('\n\n');
    text = parts.pop()!;
    for (const part of parts) {
      const [, id, data] = /^id: (.*)\ndata: (.*)$/.exec(part) ?? [];
      if (data !== undefined) {
        seen.push({ id: id!, data: JSON.parse(data) as ChangeDto });
      }
    }
    if (seen.length >= count) {
      abort.abort();
      break;
    }
  }
  return seen;
}

describe('The stream of events', () => {
  it('has the changes that are there and those that come, and continues behind Last-Event-ID', async () => {
    await create('a');
    await create('b');
    const reading = events(3);
    await sleep(500);
    await create('c');
    const seen = await reading;
    expect(namesOf(seen.map(({ data }) => data))).toEqual(['a 1', 'b 1', 'c 1']);
    const again = await events(2, { 'last-event-id': seen[0]!.id });
    expect(namesOf(again.map(({ data }) => data))).toEqual(['b 1', 'c 1']);
  });

  it('needs the key, and answers a cursor that is not one with JSON', async () => {
    const accept = 'text/event-stream';
    expect((await service.fetch('/admin/changes', { headers: { accept } })).status).toBe(401);
    const { status, body } = await service.fetch('/admin/changes?since=x', {
      headers: { accept, authorization: `Bearer ${KEY}` },
    });
    expect([status, body]).toEqual([400, expect.objectContaining({ statusCode: 400 })]);
  });

  it('ends when the service stops', async () => {
    const other = await Service.start({}, async () => service.database.url);
    await other.app.get(DatabaseService).opened;
    const response = await fetch(`${other.url}/admin/changes`, {
      headers: { authorization: `Bearer ${KEY}`, accept: 'text/event-stream' },
    });
    const start = Date.now();
    await Promise.all([response.text(), other.stop()]);
    expect(Date.now() - start).toBeLessThan(5000);
  });
});

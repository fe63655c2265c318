import { fixture } from './helpers/fixtures.js';
import { type Answer, CREATE, KEY, Service } from './helpers/service.js';

interface Page<Item> {
  items: Item[];
  nextCursor: string | null;
}
type Group = Record<string, unknown> & { groupID: string };
type Member = { userID: string; roleLevel: number; syncedAt: string };

let service: Service;

beforeAll(async () => {
  service = await Service.start({ ADMIN_API_KEY: `${KEY}, second-key` });
});

afterEach(async () => {
  await service.database.query('TRUNCATE groups, group_members');
});

afterAll(async () => {
  await service.stop();
});

const create = (group: Record<string, unknown>) =>
  service.post(CREATE, {
    callbackCommand: CREATE,
    ownerUserID: 'owner',
    createTime: 1_700_000_000_000,
    ...group,
  });

const groups = async (query = '') => (await service.admin<Page<Group>>(`/groups${query}`)).body;
const ids = async (query: string) => (await groups(query)).items.map(({ groupID }) => groupID);

/** Follows `nextCursor` to the end. */
async function pages<Item>(path: string, between?: () => Promise<unknown>): Promise<Item[][]> {
  const found: Item[][] = [];
  let cursor: string | null = null;
  do {
    const { body }: Answer<Page<Item>> = await service.admin<Page<Item>>(
      `${path}${cursor ? `&cursor=${cursor}` : ''}`,
    );
    found.push(body.items);
    cursor = body.nextCursor;
    await between?.();
  } while (cursor);
  return found;
}

describe('GET /admin/groups/{groupID}', () => {
  it("returns all of OpenIM's fields, and syncedAt", async () => {
    await service.post(CREATE, fixture(CREATE, 'documented'));

    const { status, body } = await service.admin<Group>('/groups/12345');

    const {
      callbackCommand: _command,
      initMemberList: _list,
      ...group
    } = JSON.parse(fixture(CREATE, 'documented')) as Group;
    expect(status).toBe(200);
    expect(body).toEqual({
      ...group,
      syncedAt: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
      verifiedAt: null,
      staleSince: null,
      staleReason: null,
    });
    expect(Object.keys(body)).toEqual([
      ...Object.keys(group),
      'syncedAt',
      'staleSince',
      'staleReason',
      'verifiedAt',
    ]);
  });

  it('answers 404 for an unknown group', async () => {
    expect(await service.admin('/groups/nobody')).toMatchObject({
      status: 404,
      body: { statusCode: 404, error: 'Not Found', message: 'There is no group nobody' },
    });
  });

  it.each(['a/b c?d#e&f=g%', '研发部 👩‍👩‍👧‍👦', "'; DROP TABLE groups; --"])(
    'finds the groupID %s',
    async (groupID) => {
      await create({ groupID });
      expect((await service.admin<Group>(`/groups/${encodeURIComponent(groupID)}`)).body.groupID).toBe(
        groupID,
      );
    },
  );
});

describe('GET /admin/groups', () => {
  it('is empty at first', async () => {
    expect(await groups()).toEqual({ items: [], nextCursor: null });
  });

  it('lists groups by createTime and groupID, newest first', async () => {
    await create({ groupID: 'b', createTime: 1000 });
    await create({ groupID: 'a', createTime: 1000 });
    await create({ groupID: 'c', createTime: 3000 });
    await create({ groupID: 'd', createTime: 0 });

    expect(await ids('')).toEqual(['c', 'b', 'a', 'd']);
  });

  it('filters by each field, and by all fields together', async () => {
    await create({
      groupID: 'a',
      ownerUserID: 'o1',
      creatorUserID: 'c1',
      status: 0,
      groupType: 2,
      groupName: 'Lunch Club',
    });
    await create({
      groupID: 'b',
      ownerUserID: 'o2',
      creatorUserID: 'c1',
      status: 2,
      groupType: 2,
      groupName: 'lunch',
    });
    await create({
      groupID: 'c',
      ownerUserID: 'o2',
      creatorUserID: '',
      status: 0,
      groupType: -1,
      groupName: '100%_\\',
    });

    expect(await ids('?ownerUserID=o2')).toEqual(['c', 'b']);
    expect(await ids('?creatorUserID=c1')).toEqual(['b', 'a']);
    expect(await ids('?creatorUserID=')).toEqual(['c']);
    expect(await ids('?status=0')).toEqual(['c', 'a']);
    expect(await ids('?groupType=-1')).toEqual(['c']);
    expect(await ids('?groupName=LUNCH')).toEqual(['b', 'a']);
    expect(await ids('?groupName=unch%20c')).toEqual(['a']);
    expect(await ids('?ownerUserID=o2&creatorUserID=c1&status=2&groupType=2&groupName=u')).toEqual(['b']);
    expect(await ids('?ownerUserID=o1&status=2')).toEqual([]);
  });

  it('reads the characters of a pattern in groupName as themselves', async () => {
    await create({ groupID: 'a', groupName: '100%_\\' });
    await create({ groupID: 'b', groupName: '100 percent' });

    for (const part of ['%', '_', '\\', '%_\\', '0%']) {
      expect(await ids(`?groupName=${encodeURIComponent(part)}`)).toEqual(['a']);
    }
  });

  it.each([
    ['研发部周会', '周会'],
    ['Ärzte ÖSTERREICH', 'österr'],
    ['ПРИВЕТ мир', 'привет'],
  ])('finds the name %s by the part %s', async (groupName, part) => {
    await create({ groupID: 'a', groupName });
    expect(await ids(`?groupName=${encodeURIComponent(part)}`)).toEqual(['a']);
  });

  it('pages through every group once, though groups appear meanwhile', async () => {
    const all = Array.from({ length: 23 }, (_, index) => ({
      groupID: `g${index}`,
      createTime: 1_600_000_000_000 + Math.floor(index / 4),
    }));
    for (const group of all) {
      await create(group);
    }
    let extra = 0;

    const found = await pages<Group>('/groups?limit=5', () =>
      create({ groupID: `later${extra++}`, createTime: 1_700_000_000_000 }),
    );

    expect(found.map((page) => page.length)).toEqual([5, 5, 5, 5, 3]);
    expect(
      found
        .flat()
        .map(({ groupID }) => groupID)
        .toSorted(),
    ).toEqual(all.map(({ groupID }) => groupID).toSorted());
  });

  it('has no nextCursor on a full last page', async () => {
    await create({ groupID: 'a' });
    await create({ groupID: 'b' });

    expect((await groups('?limit=2')).nextCursor).toBeNull();
    expect((await groups('?limit=1')).nextCursor).not.toBeNull();
  });
});

describe('GET /admin/groups/{groupID}/members', () => {
  const initMemberList = [
    ...Array.from({ length: 7 }, (_, index) => ({ userID: `user${index}`, roleLevel: 20 })),
    { userID: 'owner', roleLevel: 100 },
    { userID: 'admin1', roleLevel: 60 },
    { userID: 'admin2', roleLevel: 60 },
  ];

  it('lists the current members by role, page by page', async () => {
    await create({ groupID: 'a', initMemberList });
    await create({ groupID: 'b', initMemberList: [{ userID: 'outsider', roleLevel: 20 }] });
    await service.database.query("UPDATE group_members SET left_at = now() WHERE user_id = 'user3'");

    const found = await pages<Member>('/groups/a/members?limit=4');

    expect(found.map((page) => page.length)).toEqual([4, 4, 1]);
    expect(found.flat().map(({ userID }) => userID)).toEqual([
      'owner',
      'admin2',
      'admin1',
      'user6',
      'user5',
      'user4',
      'user2',
      'user1',
      'user0',
    ]);
    expect(found[0]![0]).toEqual({
      userID: 'owner',
      roleLevel: 100,
      nickname: null,
      faceURL: null,
      ex: null,
      joinSource: null,
      inviterUserID: null,
      joinTime: null,
      muteEndTime: null,
      syncedAt: expect.any(String),
    });
  });

  it('filters by role', async () => {
    await create({ groupID: 'a', initMemberList });

    const found = await pages<Member>('/groups/a/members?limit=1&roleLevel=60');
    expect(found.flat().map(({ userID }) => userID)).toEqual(['admin2', 'admin1']);
  });

  it('is empty for a group without members, and answers 404 for an unknown group', async () => {
    await create({ groupID: 'a' });

    expect((await service.admin('/groups/a/members')).body).toEqual({ items: [], nextCursor: null });
    expect((await service.admin('/groups/nobody/members')).status).toBe(404);
  });
});

describe('GET /admin/users/{userID}/groups', () => {
  it("lists the groups of the user, with the user's role in each", async () => {
    for (const index of [3, 1, 5, 4, 2]) {
      const roleLevel = index === 1 ? 100 : 20;
      await create({
        groupID: `g${index}`,
        groupName: `G${index}`,
        initMemberList: [
          { userID: 'u', roleLevel },
          { userID: 'v', roleLevel: 20 },
        ],
      });
    }
    await service.database.query(
      "UPDATE group_members SET left_at = now() WHERE group_id = 'g4' AND user_id = 'u'",
    );

    const found = await pages<Group>('/users/u/groups?limit=2');

    expect(found.flat().map(({ groupID, groupName, roleLevel }) => [groupID, groupName, roleLevel])).toEqual([
      ['g1', 'G1', 100],
      ['g2', 'G2', 20],
      ['g3', 'G3', 20],
      ['g5', 'G5', 20],
    ]);
    const { body: group } = await service.admin<object>('/groups/g1');
    expect(Object.keys(found[0]![0]!)).toEqual([...Object.keys(group), 'roleLevel']);
  });

  it('is empty for a user without groups', async () => {
    expect((await service.admin('/users/nobody/groups')).body).toEqual({ items: [], nextCursor: null });
  });
});

const cursor = (key: unknown) => Buffer.from(JSON.stringify(key)).toString('base64url');

describe('A malformed query', () => {
  it.each([
    'limit=0',
    'limit=501',
    'limit=-1',
    'limit=1.5',
    'limit=1e1',
    'limit=',
    'limit=ten',
    'limit=1&limit=2',
    'limit[]=1',
    'status=x',
    'status=',
    'status=2147483648',
    'groupType=1.0',
    'groupName=',
    `groupName=${'x'.repeat(256)}`,
    'groupName=a&groupName=b',
    `ownerUserID=${'x'.repeat(256)}`,
    'unknown=1',
    'roleLevel=20',
    'cursor=',
    'cursor=x',
    'cursor=!!',
    `cursor=${cursor([1])}`,
    `cursor=${cursor(['1', 'a'])}`,
    `cursor=${cursor([1e300, 'a'])}`,
    `cursor=${cursor([1.5, 'a'])}`,
    `cursor=${cursor([-8.64e15, 'a'])}`,
    `cursor=${cursor(['2026-01-01 00:00:00+00', 'a\0'])}`,
    `cursor=${cursor(['2026-01-01 00:00:00+00', 'a', 2])}`,
    `cursor=${cursor({ 0: 1, 1: 'a', length: 2 })}`,
    ...[
      '2026-01-01',
      '2026-02-30 00:00:00+00',
      '2026-01-01 24:00:00+00',
      '0000-01-01 00:00:00+00',
      '294277-01-01 00:00:00+00',
      '5000-01-01 00:00:00+00 BC',
      '2026-01-01 00:00:00+01',
    ].map((time) => `cursor=${cursor([time, 'a'])}`),
    `cursor=${'x'.repeat(5000)}`,
  ])('is answered with 400 for GET /admin/groups?%s', async (query) => {
    const answer = await service.admin<{ statusCode: number; message: unknown; error: string }>(
      `/groups?${query}`,
    );
    expect(answer).toMatchObject({
      status: 400,
      body: { statusCode: 400, error: 'Bad Request', message: [expect.any(String)] },
    });
  });

  it.each([
    'infinity',
    '-infinity',
    '294276-12-31 23:59:59.999999+00',
    '2024-02-29 00:00:00.5+00',
    '4713-01-01 00:00:00+00 BC',
  ])('is not a query whose cursor has the time %s', async (time) => {
    expect((await service.admin(`/groups?cursor=${cursor([time, 'a'])}`)).status).toBe(200);
  });

  it('is answered with 400 for members and for groups of users too', async () => {
    await create({ groupID: 'a' });
    expect((await service.admin(`/groups/a/members?cursor=${cursor([1e12, 'a'])}`)).status).toBe(400);
    expect((await service.admin('/groups/a?foo=1')).status).toBe(400);
    expect((await service.admin('/groups/a/members?status=1')).status).toBe(400);
    expect((await service.admin(`/users/a/groups?cursor=${cursor([1])}`)).status).toBe(400);
    expect((await service.admin('/users/a/groups?roleLevel=20')).status).toBe(400);
  });
});

describe('The authentication of the admin API', () => {
  it.each([
    undefined,
    'Bearer',
    'Bearer ',
    'Bearer wrong',
    `Bearer ${KEY}x`,
    `Bearer ${KEY} x`,
    `Bearer ${KEY}, second-key`,
    `Basic ${btoa(`x:${KEY}`)}`,
    KEY,
  ])('rejects the authorization %p', async (authorization) => {
    for (const path of [
      '/admin/groups',
      '/admin/groups/a',
      '/admin/groups/a/members',
      '/admin/users/a/groups',
      '/admin/groups?limit=0',
    ]) {
      const answer = await service.fetch(path, { headers: authorization ? { authorization } : {} });
      expect(answer).toMatchObject({ status: 401, body: { statusCode: 401, error: 'Unauthorized' } });
      expect(answer.headers.get('www-authenticate')).toBe('Bearer');
    }
  });

  it('accepts each of several keys', async () => {
    for (const key of [KEY, 'second-key']) {
      expect(
        (await service.fetch('/admin/groups', { headers: { authorization: `Bearer ${key}` } })).status,
      ).toBe(200);
    }
  });
});

describe('GET /admin/stats and GET /admin/reconciliation', () => {
  it('have null only for the counts that are slow, and do not count callbacks as lost without them', async () => {
    await service.database.query(
      `INSERT INTO group_changes (group_id, revision, recorded_at, position, kinds, source, as_of, change, drift)
       VALUES ('g', 1, now() - interval '1 min', 1, '{left}', 'reconciliation', now(), '{}',
         '[{"kind": "left", "differences": 1, "missedCallbacks": 1, "summary": ""}]')`,
    );
    await service.database.query('ALTER TABLE callback_deliveries RENAME TO log');
    await service.database.query(
      'CREATE VIEW callback_deliveries AS SELECT log.* FROM (SELECT pg_sleep(3.5)) AS slow LEFT JOIN log ON true WHERE log.id IS NOT NULL',
    );
    const [stats, reconciliation] = await Promise.all([
      service.admin<Record<string, unknown>>('/stats'),
      service.admin<Record<string, unknown>>('/reconciliation'),
    ]);
    await service.database.query('DROP VIEW callback_deliveries');
    await service.database.query('ALTER TABLE log RENAME TO callback_deliveries');
    await service.database.query('TRUNCATE group_changes');

    expect(stats.body).toMatchObject({
      groups: [],
      members: 0,
      staleGroups: 0,
      deliveries: null,
      journal: { open: false },
    });
    expect(reconciliation.body).toMatchObject({
      missedCallbacks: 1,
      receivedCallbacks: null,
      lossRate: null,
    });
  });
});

import { Client } from 'pg';
import type { INestApplication } from '@nestjs/common';
import { DELIVERY_LIST } from '../src/deliveries/delivery-list.js';
import {
  GROUP_LIST,
  MEMBER_AT_LIST,
  MEMBER_LIST,
  USER_GROUP_AT_LIST,
  USER_GROUP_LIST,
} from '../src/groups/list-columns.js';
import { viewColumns } from '../src/postgres/reporting-views.js';
import { type Answer, CREATE, KEY, Service } from './helpers/service.js';

const HOSTILE = '=HYPERLINK("http://evil","click"), "quoted"\nsecond line';

let service: Service;

beforeAll(async () => {
  service = await Service.start();
  for (let n = 0; n < 3; n += 1) {
    const { status } = await service.post(CREATE, {
      callbackCommand: CREATE,
      groupID: `g${n}`,
      groupName: n === 0 ? HOSTILE : `name ${n}`,
      ownerUserID: 'o',
      createTime: 1_780_000_000_000 + n,
      memberCount: 2,
      initMemberList: [
        { userID: 'o', roleLevel: 100 },
        { userID: '@u', roleLevel: 20 },
      ],
    });
    expect(status).toBe(200);
  }
  await service.database.query(`
    INSERT INTO groups (group_id, create_time, member_count, as_of, synced_at)
    SELECT 'many' || n, '2020-01-01', 0, now(), now() FROM generate_series(1, 1200) AS n`);
});

afterAll(async () => {
  await service.stop();
});

const get = (path: string, accept = '*/*'): Promise<Answer<unknown>> =>
  service.fetch(`/admin${path}`, { headers: { authorization: `Bearer ${KEY}`, accept } });

describe('A list as CSV', () => {
  it('is whole, and begins with the names of the columns', async () => {
    const { text, headers } = await get('/groups?format=csv&limit=1');
    expect(headers.get('content-type')).toBe('text/csv; charset=utf-8');
    expect(headers.get('content-disposition')).toBe('attachment; filename="groups.csv"');
    expect(text.split('\r\n')[0]).toBe(GROUP_LIST.columns.join(','));
    expect(text.match(/^many\d+,/gm)).toHaveLength(1200);
  });

  it('has the cells that a spreadsheet would run as formulas with an apostrophe', async () => {
    const { text } = await get('/groups?format=csv&ownerUserID=o');
    expect(text).toContain(`g0,"'=HYPERLINK(""http://evil"",""click""), ""quoted""\nsecond line",`);
    expect((await get('/groups/g0/members', 'text/csv')).text).toMatch(/^'@u,20,/m);
  });

  it('is what Accept asks for, and JSON for everything else', async () => {
    expect((await get('/groups', 'text/csv')).headers.get('content-type')).toBe('text/csv; charset=utf-8');
    expect((await get('/groups', 'application/x-ndjson')).headers.get('content-type')).toBe(
      'application/x-ndjson; charset=utf-8',
    );
    for (const accept of ['*/*', 'application/json', 'text/html,*/*;q=0.8']) {
      expect((await get('/groups', accept)).headers.get('content-type')).toMatch(/^application\/json/);
    }
    expect((await get('/groups?format=xml')).status).toBe(400);
  });

  it('is refused as JSON where the list is', async () => {
    const { status, body } = await get('/groups/nowhere/members?format=csv');
    expect([status, body]).toEqual([404, expect.objectContaining({ message: 'There is no group nowhere' })]);
  });

  it.each([
    ['/groups', GROUP_LIST.columns],
    ['/groups/g0/members', MEMBER_LIST.columns],
    ['/groups/g0/members?at=2100-01-01', MEMBER_AT_LIST.columns],
    ['/users/o/groups', USER_GROUP_LIST.columns],
    ['/users/o/groups?at=2100-01-01', USER_GROUP_AT_LIST.columns],
    ['/deliveries', DELIVERY_LIST.columns],
  ])('has every field of %s', async (path, columns) => {
    const { body } = await service.admin<{ items: object[] }>(path);
    expect(Object.keys(body.items[0]!).toSorted()).toEqual([...columns].toSorted());
    const { text } = await get(`${path}${path.includes('?') ? '&' : '?'}format=csv`);
    expect(text.split('\r\n')[0]).toBe(columns.join(','));
  });
});

it('A list as lines of JSON has the items of the pages, all of them', async () => {
  const { text } = await get('/groups?format=ndjson');
  const lines = text.trimEnd().split('\n');
  expect(lines).toHaveLength(1203);
  const { body } = await service.admin<{ items: unknown[] }>('/groups?limit=2');
  expect(lines.slice(0, 2).map((line) => JSON.parse(line) as unknown)).toEqual(body.items);
});

it('An export that cannot be read to its end ends with a cut connection, and not as a whole file', async () => {
  const response = await fetch(`${service.url}/admin/groups?format=ndjson`, {
    headers: { authorization: `Bearer ${KEY}` },
  });
  expect(response.status).toBe(200);
  await expect(response.text()).resolves.toEqual(expect.any(String));
  const groups = (service.app as INestApplication).get<{ listGroups: (query: unknown) => unknown }>(
    (await import('../src/groups/groups.service.js')).GroupsService,
  );
  const listGroups = groups.listGroups.bind(groups);
  let pages = 0;
  groups.listGroups = (query) => {
    pages += 1;
    return pages > 1 ? Promise.reject(new Error('PostgreSQL is away')) : listGroups(query);
  };
  await expect(get('/groups?format=ndjson')).rejects.toThrow('terminated');
  groups.listGroups = listGroups;
});

it('The views for reports have their names, and a comment on each column', async () => {
  const rows = await service.database.query<{ view: string; columns: string[]; described: boolean }>(`
    SELECT c.relname AS view, array_agg(a.attname::text ORDER BY a.attnum) AS columns,
      bool_and(col_description(c.oid, a.attnum) IS NOT NULL AND obj_description(c.oid, 'pg_class') IS NOT NULL) AS described
    FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0
    WHERE c.relnamespace = 'openim_views'::regnamespace GROUP BY c.relname`);
  expect(Object.fromEntries(rows.map(({ view, columns }) => [view, columns]))).toEqual(viewColumns());
  expect(rows.every(({ described }) => described)).toBe(true);
  expect(
    await service.database.query(
      "SELECT user_id, role_level FROM openim_views.current_members WHERE group_id = 'g0' ORDER BY 1",
    ),
  ).toEqual([
    { user_id: '@u', role_level: 20 },
    { user_id: 'o', role_level: 100 },
  ]);
});

it('A reader of the views can read nothing else', async () => {
  const name = `reader_${process.pid}`;
  const database = service.database;
  await database.query(`CREATE ROLE ${name} LOGIN PASSWORD 'p'`);
  await database.query(`GRANT USAGE ON SCHEMA openim_views TO ${name}`);
  await database.query(`GRANT SELECT ON ALL TABLES IN SCHEMA openim_views TO ${name}`);
  const url = new URL(database.url);
  url.username = name;
  url.password = 'p';
  const reader = new Client({ connectionString: url.href });
  await reader.connect();
  expect(
    (await reader.query('SELECT count(*)::int AS groups FROM openim_views.current_groups')).rows,
  ).toEqual([{ groups: 1203 }]);
  await expect(reader.query('SELECT * FROM groups')).rejects.toThrow('permission denied');
  await reader.end();
  await database.query(`DROP OWNED BY ${name}`);
  await database.query(`DROP ROLE ${name}`);
});

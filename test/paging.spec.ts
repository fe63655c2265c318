import * as fc from 'fast-check';
import { SEED } from './helpers/seed.js';
import { Service } from './helpers/service.js';

interface Page {
  items: Record<string, string>[];
  nextCursor: string | null;
}

/** Number of rows of each list that exist all the time. */
const ROWS = 40;
/** Inserts rows of a list whose ids begin with this letter. Rows of `r` exist all the time, others appear while a client pages. */
type Insert = (letter: string, from: number, rows: number, micros: number) => Promise<unknown>;

let service: Service;

beforeAll(async () => {
  service = await Service.start();
});

afterAll(() => service.stop());

afterEach(() => service.database.query('TRUNCATE groups, group_members, callback_deliveries, group_changes'));

/** Times with microseconds, several rows with each, and some beyond the last time of a JavaScript Date. */
const MOMENTS = `CASE WHEN n % 10 = 3 THEN '290000-01-01'::timestamptz + n * interval '1 second' WHEN n % 20 = 7 THEN 'infinity'
  ELSE '2026-01-01T00:00:00Z'::timestamptz + (n / 3 * 7 + $4) * interval '1 microsecond' END`;
/** Times within a millisecond, several rows with each. */
const CLOSE = `'2026-01-01T00:00:00Z'::timestamptz + (n / 3 * 7 + $4) * interval '1 microsecond'`;
const SERIES = 'generate_series($2::int, $2::int + $3::int - 1) AS n';

const groups: Insert = (...parameters) =>
  service.database.query(
    `INSERT INTO groups (group_id, create_time, member_count, as_of, synced_at, stale_since, stale_reason, owner_user_id, status)
     SELECT $1 || n, ${MOMENTS}, 1, now(), now(), now(), 'x', 'o', 0 FROM ${SERIES}`,
    parameters,
  );
const members: Insert = async (...parameters) => {
  await service.database.query(
    "INSERT INTO groups (group_id, create_time, member_count, as_of, synced_at) VALUES ('g', now(), 1, now(), now()) ON CONFLICT DO NOTHING",
  );
  await service.database.query(
    `INSERT INTO group_members (group_id, user_id, role_level, valid_from, as_of, synced_at, join_time, mute_end_time)
     SELECT 'g', $1 || n, 20 * (n % 3), now(), now(), now(), ${MOMENTS}, 'infinity' FROM ${SERIES}`,
    parameters,
  );
};
const groupsOfUser: Insert = async (...parameters) => {
  await groups(...parameters);
  await service.database.query(
    `INSERT INTO group_members (group_id, user_id, role_level, valid_from, as_of, synced_at)
     SELECT $1 || n, 'u', 20, now(), now(), now() FROM ${SERIES} WHERE $4::int >= 0`,
    parameters,
  );
};
const ids = `md5($1 || n)::uuid`;
const deliveries: Insert = (...parameters) =>
  service.database.query(
    `INSERT INTO callback_deliveries (id, received_at, command, operation_id, group_id, outcome, summary, duration_ms)
     SELECT ${ids}, ${CLOSE}, 'c', '', 'g', 'applied', $1 || n, 1 FROM ${SERIES}`,
    parameters,
  );
const timeline: Insert = async (letter, from, rows, micros) => {
  const half = Math.ceil(rows / 2);
  await deliveries(letter, from, half, micros);
  await service.database.query(
    `INSERT INTO group_changes (group_id, revision, recorded_at, position, kinds, source, as_of, change, drift)
     SELECT 'g', ('x' || md5($1 || n))::bit(32)::bigint, ${CLOSE}, 1, '{left}', 'reconciliation', now(), '{}',
       jsonb_build_array(jsonb_build_object('summary', $1 || n)) FROM ${SERIES}`,
    [letter, from + half, rows - half, micros],
  );
};

const last = (text: string | undefined): string => /\w+$/.exec(text ?? '')?.[0] ?? '';

const LISTS: [route: string, path: string, insert: Insert, idOf: (item: Record<string, string>) => string][] =
  [
    ['/admin/groups', '/groups', groups, ({ groupID }) => groupID!],
    ['/admin/groups', '/groups?stale=true&ownerUserID=o', groups, ({ groupID }) => groupID!],
    ['/admin/groups/{groupID}/members', '/groups/g/members', members, ({ userID }) => userID!],
    ['/admin/users/{userID}/groups', '/users/u/groups', groupsOfUser, ({ groupID }) => groupID!],
    ['/admin/deliveries', '/deliveries', deliveries, ({ summary }) => summary!],
    ['/admin/deliveries', '/deliveries?groupID=g&outcome=applied', deliveries, ({ summary }) => summary!],
    ['/admin/groups/{groupID}/timeline', '/groups/g/timeline', timeline, ({ what }) => last(what)],
  ];

it('Every list of the admin API has a test of its paging', async () => {
  const { body } = await service.fetch<{
    paths: Record<string, Record<string, { parameters?: { name: string }[] }>>;
  }>('/docs-json');
  const paged = Object.entries(body.paths).filter(([, methods]) =>
    methods['get']?.parameters?.some(({ name }) => name === 'cursor'),
  );
  expect(paged.map(([path]) => path).toSorted()).toEqual(
    [...new Set(LISTS.map(([route]) => route))].toSorted(),
  );
});

describe.each(LISTS)('The list %s (GET /admin%s)', (_, path, insert, idOf) => {
  it('has every row that exists all the time exactly once, with any limit, while other rows appear', async () => {
    await insert('r', 0, ROWS, 0);
    let added = 0;
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: ROWS + 1 }),
        fc.array(fc.tuple(fc.integer({ min: 0, max: 3 }), fc.integer({ min: 0, max: 100 })), {
          minLength: 1,
        }),
        async (limit, inserts) => {
          const seen: string[] = [];
          let cursor: string | null = null;
          for (let page = 0; page === 0 || cursor !== null; page += 1) {
            const query: string = `${path.includes('?') ? '&' : '?'}limit=${limit}${cursor === null ? '' : `&cursor=${cursor}`}`;
            const { status, body } = await service.admin<Page>(path + query);
            expect([page, status, body.items.length <= limit]).toEqual([page, 200, true]);
            seen.push(...body.items.map(idOf));
            cursor = body.nextCursor;
            const [rows, micros] = inserts[page] ?? [0, 0];
            await insert('x', added, rows, micros);
            added += rows;
          }
          const stayed = seen.filter((id) => id.startsWith('r'));
          expect(stayed.toSorted()).toEqual(Array.from({ length: ROWS }, (__, n) => `r${n}`).toSorted());
          expect(new Set(seen).size).toBe(seen.length);
        },
      ),
      { numRuns: 6, examples: [[1, [[0, 0]]]], ...SEED },
    );
  });
});

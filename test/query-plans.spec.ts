import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { ChangesService } from '../src/changes/changes.service.js';
import { CallbackHistory } from '../src/console/overview/callback-history.js';
import { GroupSyncService } from '../src/groups/group-sync.service.js';
import { GroupsService } from '../src/groups/groups.service.js';
import { MembershipService } from '../src/groups/membership.service.js';
import { toJsonText } from '../src/groups/statements/json-text.js';
import { KnownGroupsService } from '../src/reconciliation/snapshots/known-groups.service.js';
import { CREATE, Service } from './helpers/service.js';

const GROUPS = 50_000;

let service: Service;

/** A moment of most periods. */
const AT = new Date(Date.now() - 36 * 3_600_000).toISOString();
/** A UUID of version 7 of today, so that its row goes to the partition of today. */
const UUID_OF_TODAY = `(lpad(to_hex((extract(epoch FROM now()) * 1000)::bigint), 12, '0') || '7' || substr(md5(n::text), 1, 19))::uuid`;
const TODAY = "date_trunc('day', now(), 'UTC')";
/** A time of today for the first 25,000 rows, and of the days before for the others: a partition with few rows would be scanned rightly. */
const TODAY_OR_BEFORE = `CASE WHEN n <= 25000 THEN now() - (now() - ${TODAY}) * n / 25001 ELSE ${TODAY} - n * interval '1 min' END`;

beforeAll(async () => {
  service = await Service.start();
  await service.database.query(`
    INSERT INTO groups (group_id, group_name, notification, introduction, face_url, owner_user_id, create_time, member_count, ex, status,
      creator_user_id, group_type, need_verification, look_member_info, apply_member_friend, notification_update_time, notification_user_id,
      as_of, synced_at, created_as_of, stale_since, verified_at, full_snapshot_at, version_id, version)
    SELECT 'g' || n, 'Group ' || md5(n::text), '', '', '', 'owner' || n % 100, '2026-01-01'::timestamptz + n * interval '1 s', 3, '', CASE WHEN n <= 1000 THEN 3 ELSE 0 END,
      'creator' || n % 100, CASE WHEN n <= 1000 THEN 1 ELSE 2 END, 0, 0, 0, 'epoch', '', now(), now(), now(), CASE WHEN n <= 1000 THEN now() END,
      CASE WHEN n > 500 THEN now() - n * interval '1 s' END, CASE WHEN n > 500 THEN now() - n * interval '1 s' END, 'v', 1
    FROM generate_series(1, ${GROUPS}) AS n`);
  await service.database.query(`
    INSERT INTO group_members (group_id, user_id, role_level, left_at, valid_from, as_of, synced_at)
    SELECT 'g' || n, 'user' || (n * 7 + m) % 20000, CASE m WHEN 0 THEN 100 ELSE 20 END, NULL, now(), now(), now()
    FROM generate_series(1, ${GROUPS}) AS n, generate_series(0, 2) AS m`);
  await service.database.query(`
    INSERT INTO group_members (group_id, user_id, role_level, left_at, valid_from, as_of, synced_at) SELECT 'big', 'user' || m, 20, NULL, now(), now(), now() FROM generate_series(1, 50000) AS m`);
  await service.database.query(`
    INSERT INTO callback_deliveries (id, received_at, command, operation_id, group_id, outcome, duration_ms, body)
    SELECT ${UUID_OF_TODAY}, date_trunc('milliseconds', now() - n * interval '1 s'), CASE WHEN n % 50 = 0 THEN 'old' ELSE 'new' END, '', 'g' || n % 500,
      CASE WHEN n % 50 = 0 THEN 'rejected' ELSE 'applied' END, 1, 'x'
    FROM generate_series(1, 50000) AS n`);
  await service.database.query(`
    INSERT INTO group_changes (group_id, revision, recorded_at, position, kinds, source, as_of, change, drift)
    SELECT 'g' || n % 500, n, ${TODAY_OR_BEFORE}, n, '{left}', 'reconciliation', now(), '{}',
      CASE WHEN n % 10 = 0 THEN '[{"kind": "left", "differences": 1, "missedCallbacks": 1, "summary": "u had left"}]'::jsonb END
    FROM generate_series(1, 50000) AS n`);
  await service.database.query(`
    INSERT INTO group_members (group_id, user_id, role_level, left_at, valid_from, as_of, synced_at)
    SELECT 'g' || n, 'everywhere', 20, NULL, now(), now(), now() FROM generate_series(1, ${GROUPS}) AS n`);
  await service.post(CREATE, { callbackCommand: CREATE, groupID: 'big', ownerUserID: 'o' });
  await service.database.query(`
    INSERT INTO group_member_periods (group_id, user_id, role_level, valid_from, valid_to)
    SELECT group_id, user_id, 20, now() - n * interval '2 days', now() - n * interval '1 day' FROM group_members, generate_series(1, 2) AS n`);
  await service.database.query("UPDATE groups SET known_since = '2020-01-01'");
  await service.database.query(
    'VACUUM ANALYZE groups, group_members, group_member_periods, callback_deliveries, group_changes',
  );
  const indexes = await service.database.query<{ index: string; parent: string }>(`
    SELECT c.relname AS index, p.relname AS parent FROM pg_inherits i JOIN pg_class c ON c.oid = inhrelid JOIN pg_class p ON p.oid = inhparent
    WHERE c.relkind = 'i'`);
  indexes.forEach(({ index, parent }) => indexOfTable.set(index, parent));
});

afterAll(async () => {
  await service.stop();
});

interface Plan {
  'Node Type': string;
  'Index Name'?: string;
  'Relation Name'?: string;
  'Actual Rows': number;
  'Actual Loops': number;
  'Rows Removed by Filter'?: number;
  Plans?: Plan[];
}

const nodes = (plan: Plan): Plan[] => [plan, ...(plan.Plans ?? []).flatMap(nodes)];

/** The tables that a plan scans, but for empty partitions and `change_feed`, which has one row. */
const scannedTables = (plan: Plan[]) =>
  plan
    .filter((node) => node['Node Type'] === 'Seq Scan' && node['Relation Name'] !== 'change_feed')
    .filter((node) => node['Actual Rows'] + (node['Rows Removed by Filter'] ?? 0) > 0)
    .map((node) => node['Relation Name']);

/** The index of a partitioned table for that of each partition. */
const indexOfTable = new Map<string, string>();

const withIndexOfTable = (node: Plan): Plan => {
  const index = node['Index Name'];
  return index === undefined ? node : { ...node, 'Index Name': indexOfTable.get(index) ?? index };
};

/** Returns the plans of the statements that a GET request sends. */
async function plansOf(path: string): Promise<Plan[][]> {
  return plansWhile(async () => {
    expect((await service.admin(path)).status).toBe(200);
  });
}

/** Returns the plans of the statements that the work sends. */
async function plansWhile(something: () => Promise<unknown>): Promise<Plan[][]> {
  const statements = service.recordStatements();
  await something();
  const plans: Plan[][] = [];
  // PostgreSQL explains no statement of a transaction itself.
  for (const { sql, parameters } of statements.filter(({ sql: text }) => !/^(START|SET|COMMIT)/.test(text))) {
    const [row] = await service.database.query<{ 'QUERY PLAN': [{ Plan: Plan }] }>(
      `EXPLAIN (ANALYZE, FORMAT JSON) ${sql}`,
      parameters,
    );
    plans.push(nodes(row!['QUERY PLAN'][0].Plan).map(withIndexOfTable));
  }
  return plans;
}

/** The number of rows that each node of a plan reads. */
const touchedRows = (plan: Plan[]) =>
  plan.map((node) => (node['Actual Rows'] + (node['Rows Removed by Filter'] ?? 0)) * node['Actual Loops']);

/** Returns the path of a page in the middle of a list. */
async function middle(path: string): Promise<string> {
  const { body } = await service.admin<{ nextCursor: string }>(path);
  return `${path}${path.includes('?') ? '&' : '?'}cursor=${body.nextCursor}`;
}

describe.each([
  ['/groups', 'groups_create_time_idx'],
  ['/groups?ownerUserID=owner7&limit=5', 'groups_owner_user_id_idx'],
  ['/groups?creatorUserID=creator7&limit=5', 'groups_creator_user_id_idx'],
  ['/groups?status=3', 'groups_status_idx'],
  ['/groups?groupType=1', 'groups_group_type_idx'],
  ['/groups?stale=true', 'groups_stale_idx'],
  ['/deliveries', 'callback_deliveries_received_at_idx'],
  ['/deliveries?command=old', 'callback_deliveries_command_idx'],
  ['/deliveries?outcome=rejected', 'callback_deliveries_outcome_idx'],
  ['/deliveries?groupID=g7&limit=5', 'callback_deliveries_group_id_idx'],
  ['/deliveries?receivedFrom=2020-01-01', 'callback_deliveries_received_at_idx'],
  ['/deliveries?receivedTo=2100-01-01', 'callback_deliveries_received_at_idx'],
  ['/groups/g7/timeline?limit=5', 'callback_deliveries_group_id_idx'],
  ['/groups/big/members', 'group_members_role_level_idx'],
  ['/groups/big/members?roleLevel=20', 'group_members_role_level_idx'],
  ['/users/user7/groups?limit=5', 'group_members_user_id_idx'],
])('The route GET /admin%s', (path, index) => {
  it('reads the first and a later page in the order of its index', async () => {
    for (const page of [path, await middle(path)]) {
      for (const plan of await plansOf(page)) {
        expect(scannedTables(plan)).toEqual([]);
        expect(plan.map((node) => node['Node Type'])).not.toContain('Sort');
        expect(plan.map((node) => node['Index Name'])).toContain(index);
        expect(Math.max(...touchedRows(plan))).toBeLessThanOrEqual(51);
      }
    }
  });
});

it.each([
  ['/groups/g77', 'groups_pkey'],
  ['/changes', 'group_changes_position_idx'],
  ['/changes?since=now&limit=5', 'group_changes_position_idx'],
  ['/changes?kind=left&wait=0s', 'group_changes_position_idx'],
  ['/changes?groupID=g7', 'group_changes_pkey'],
  ['/groups?groupName=28dd2c7955ce', 'groups_group_name_idx'],
  ['/groups?groupName=28dd2c7955ce&status=0', 'groups_group_name_idx'],
  ['/groups?groupName=28dd2c7955ce&cursor=WyIyMDI3LTAxLTE1IDA3OjU5OjU5KzAwIiwiZyJd', 'groups_group_name_idx'],
])('The route GET /admin%s uses the index %s', async (path, index) => {
  for (const plan of await plansOf(path)) {
    expect(scannedTables(plan)).toEqual([]);
    expect(plan.map((node) => node['Index Name'])).toContain(index);
  }
});

it.each([
  [`/groups/big/members?at=${AT}`, 'group_member_periods_pkey'],
  [`/groups/big/members?at=${AT}&roleLevel=20&cursor=WyJ1c2VyMiJd`, 'group_member_periods_pkey'],
  [`/users/user7/groups?at=${AT}&limit=5`, 'group_member_periods_user_id_idx'],
])('The route GET /admin%s uses the index %s', async (path, index) => {
  const plans = await plansOf(path);
  expect(plans.flatMap(scannedTables)).toEqual([]);
  expect(plans.flat().map((node) => node['Index Name'])).toContain(index);
});

it.each(['/groups/big/members?at=2100-01-01', '/users/everywhere/groups?at=2100-01-01'])(
  'The route GET /admin%s reads about a page of rows, whatever the history is',
  async (path) => {
    for (const page of [path, await middle(path)]) {
      // Two periods for each of the 51 memberships are in its range.
      expect(Math.max(...touchedRows((await plansOf(page)).flat()))).toBeLessThanOrEqual(2 * 51);
    }
  },
);

it('A name that is too short for trigrams is found without a sequential scan', async () => {
  const [plan = []] = await plansOf('/groups?groupName=28');
  expect(plan.map((node) => node['Node Type'])).not.toContain('Seq Scan');
});

it('A middle page of the groups of a user who is in all groups reads at most a page of rows', async () => {
  const cursor = Buffer.from(JSON.stringify(['g3'])).toString('base64url');
  const [plan = []] = await plansOf(`/users/everywhere/groups?cursor=${cursor}`);
  expect(plan.map((node) => node['Node Type'])).not.toContain('Seq Scan');
  expect(Math.max(...touchedRows(plan))).toBeLessThanOrEqual(60);
});

const known = () => service.app.get(KnownGroupsService);

it.each<[string, string, () => Promise<unknown>]>([
  ['groups that need reconciling', 'groups_stale_idx', () => known().stale(300).next()],
  ['groups that were never read', 'groups_unverified_idx', () => known().neverVerified(300).next()],
  ['groups that are not dismissed', 'groups_pkey', () => known().active(300).next()],
  [
    'groups with the oldest full snapshot',
    'groups_full_snapshot_at_idx',
    () => known().leastRecentlySnapshotted(new Date(), 10),
  ],
])('Reconciliation finds %s by the index %s', async (_, index, find) => {
  const [plan = []] = await plansWhile(find);
  expect(plan.map((node) => node['Node Type'])).not.toContain('Seq Scan');
  expect(plan.map((node) => node['Index Name'])).toContain(index);
});

it.each<[string, string, () => Promise<unknown>]>([
  [
    'members by the beginning of their userIDs',
    'group_members_', // the key, or the index of users
    () => service.app.get(GroupsService).findMembers('big', 'user77', 50),
  ],
  [
    'the memberships of a user that ended',
    'group_member_periods_user_id_idx',
    () => service.app.get(MembershipService).listEnded('user7', 50),
  ],
  [
    'the changes that deliveries caused',
    'group_changes_pkey',
    () => service.app.get(ChangesService).causedBy('g7', [randomUUID()], new Date(Date.now() - 86_400_000)),
  ],
])('The console finds %s by the index %s', async (_, index, find) => {
  const plan = (await plansWhile(find)).flat();
  expect(scannedTables(plan)).toEqual([]);
  expect(plan.map((node) => node['Index Name'])).toContainEqual(expect.stringContaining(index));
});

it('The chart of the console counts the open quarter of an hour by an index', async () => {
  const plans = await plansWhile(() => service.app.get(CallbackHistory).read());
  expect(plans).toHaveLength(2);
  // The closed ones of a day are all rows here.
  expect(plans.map(scannedTables)).toContainEqual([]);
});

it('The groups of a user are found and marked as stale by indexes', async () => {
  await service.database.query(
    "INSERT INTO group_members (group_id, user_id, role_level, valid_from, as_of, synced_at) SELECT 'g' || n, 'often', 20, now(), now(), now() FROM generate_series(1, 300) AS n",
  );
  const change = toJsonText({ userID: 'often' });
  const plans = await plansWhile(() => service.app.get(GroupSyncService).markGroupsOfUser({ change }));
  for (const plan of plans) {
    expect(plan.map((node) => node['Node Type'])).not.toContain('Seq Scan');
  }
  expect(plans.flat().map((node) => node['Index Name'])).toEqual(
    expect.arrayContaining(['group_members_user_id_idx', 'groups_pkey']),
  );
  expect(await service.database.query("SELECT FROM groups WHERE stale_reason LIKE '%user%'")).toHaveLength(
    300,
  );
});

it('Every filter of the admin API has a row above', async () => {
  const document = (await (await fetch(`${service.url}/docs-json`)).json()) as {
    paths: Record<string, { get?: { parameters?: { name: string; in: string }[] } }>;
  };
  const filters = Object.values(document.paths)
    .flatMap(({ get }) => get?.parameters ?? [])
    .filter(
      (parameter) => parameter.in === 'query' && !['limit', 'cursor', 'format'].includes(parameter.name),
    );
  const rows = readFileSync(import.meta.filename, 'utf8');
  expect(filters.filter(({ name }) => !new RegExp(`[?&]${name}=`).test(rows))).toEqual([]);
  expect(filters).not.toEqual([]);
});

it('The route GET /admin/reconciliation counts by indexes', async () => {
  const plans = (await plansOf('/reconciliation')).flat();
  expect(plans.map((node) => node['Index Name'])).toEqual(
    expect.arrayContaining([
      'groups_stale_idx',
      'groups_unverified_idx',
      'group_changes_drift_idx',
      'reconciliation_runs_started_at_idx',
    ]),
  );
});

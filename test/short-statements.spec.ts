import { CREATE_GROUP } from '../src/groups/statements/create-group.js';
import { CREATE_NEW_GROUP } from '../src/groups/statements/create-new-group.js';
import { LEAVE_AS_MEMBER } from '../src/groups/statements/leave-as-member.js';
import { LEAVE_GROUP } from '../src/groups/statements/leave-group.js';
import { RECONCILE_GROUP } from '../src/groups/statements/reconcile-group.js';
import { RECONCILE_NEW_GROUP } from '../src/groups/statements/reconcile-new-group.js';
import { SET_GROUP_INFO } from '../src/groups/statements/set-group-info.js';
import { SET_KNOWN_GROUP_INFO } from '../src/groups/statements/set-known-group-info.js';
import type { PreparedStatement } from '../src/postgres/prepared-statement.js';
import { TestDatabase } from './helpers/database.js';

const CREATED = '2026-01-01T00:00:00.000Z';
const LATER = '2026-02-01T00:00:00.000Z';
const LATEST = '2026-03-01T00:00:00.000Z';

const FIELDS = {
  groupName: 'Team',
  notification: 'n',
  introduction: '',
  faceURL: 'f',
  ex: '{}',
  needVerification: 1,
  lookMemberInfo: 0,
  applyMemberFriend: 1,
  ownerUserID: 'u1',
  status: 0,
  creatorUserID: 'u1',
  groupType: 2,
  notificationUpdateTime: CREATED,
  notificationUserID: 'u1',
  createTime: CREATED,
};
const users = (count: number): string[] => Array.from({ length: count }, (_, n) => `u${n + 1}`);
const creation = (count: number) => ({
  ...FIELDS,
  memberCount: count,
  userIDs: users(count),
  roleLevels: users(count).map((_, n) => (n === 0 ? 100 : 20)),
});
const snapshot = (count: number, watchedSince: string | null = null, differing = {}) => ({
  versionID: 'v',
  version: 7,
  verified: true,
  whole: true,
  complete: true,
  reason: null,
  confirmed: false,
  watchedSince,
  info: { ...FIELDS, memberCount: count },
  members: users(count).map((userID, n) => ({
    userID,
    roleLevel: n === 0 ? 100 : 20,
    nickname: `N${n}`,
    faceURL: '',
    ex: n === 1 ? 'x' : '',
    joinSource: 2,
    inviterUserID: 'u1',
    joinTime: CREATED,
    muteEndTime: n === 1 ? LATEST : '1970-01-01T00:00:00.000Z',
  })),
  left: [],
  ...differing,
});

type Change = readonly [statement: PreparedStatement, payload: object, receivedAt: string | null];
const created: Change = [CREATE_GROUP, creation(3), LATER];
const verified: Change = [RECONCILE_GROUP, snapshot(3), LATEST];
const LEAVE = { userIDs: ['u2'], cause: 'kicked', reason: 'r' };
const RENAME = { groupName: 'New', introduction: 'i' };

let database: TestDatabase;

beforeAll(async () => {
  database = await TestDatabase.create();
  await database.query("SET default_transaction_isolation = 'repeatable read'");
});

afterAll(() => database.drop());

/** Runs a statement on a group. */
const run = (groupID: string, [statement, payload, receivedAt]: Change) =>
  database.query(statement.text, [
    groupID,
    JSON.stringify(payload),
    receivedAt,
    ...Array.from({ length: statement.text.includes('$5') ? 9 : 1 }, () => null),
  ]);

/** Returns what the tables say of a group, without its ID. Times of today are one. */
async function stateOf(groupID: string): Promise<unknown> {
  const tables = await Promise.all(
    ['groups', 'group_members', 'group_member_periods', 'group_changes'].map((table) =>
      database.query(
        `SELECT (to_jsonb(t) - 'group_id' - 'position')::text AS row FROM ${table} t WHERE group_id = $1 ORDER BY 1`,
        [groupID],
      ),
    ),
  );
  const today = new Date().toISOString().slice(0, 10);
  return JSON.parse(
    JSON.stringify(tables).replaceAll(new RegExp(`${today}T[\\d:.+]+`, 'g'), 'today'),
  ) as unknown;
}

/** Runs the short statement on one group and the general one on another, both of the same history. */
async function compare(history: readonly Change[], short: Change, general: Change) {
  const [one, other] = [`a${Math.random()}`, `b${Math.random()}`];
  for (const change of history) {
    await run(one, change);
    await run(other, change);
  }
  const answers = [await run(one, short), await run(other, general)];
  return { answers, states: [await stateOf(one), await stateOf(other)] };
}

it.each<[string, readonly Change[], PreparedStatement, PreparedStatement, object, string | null]>([
  ['a creation', [], CREATE_NEW_GROUP, CREATE_GROUP, creation(3), LATER],
  ['a creation without members', [], CREATE_NEW_GROUP, CREATE_GROUP, creation(0), LATER],
  ['a member who leaves now', [created], LEAVE_AS_MEMBER, LEAVE_GROUP, LEAVE, null],
  ['a member who left before', [created], LEAVE_AS_MEMBER, LEAVE_GROUP, LEAVE, LATEST],
  ['a change of fields now', [created], SET_KNOWN_GROUP_INFO, SET_GROUP_INFO, RENAME, null],
  ['a change of fields before', [created], SET_KNOWN_GROUP_INFO, SET_GROUP_INFO, RENAME, LATEST],
  ['a change of nothing', [created], SET_KNOWN_GROUP_INFO, SET_GROUP_INFO, { groupName: 'Team' }, LATEST],
  ['a snapshot', [], RECONCILE_NEW_GROUP, RECONCILE_GROUP, snapshot(3), LATER],
  ['a snapshot of many members', [], RECONCILE_NEW_GROUP, RECONCILE_GROUP, snapshot(1002), LATER],
  [
    'a snapshot of a missed creation',
    [],
    RECONCILE_NEW_GROUP,
    RECONCILE_GROUP,
    snapshot(2, '2025-01-01'),
    LATER,
  ],
])(
  'The short statement of %s writes what the general one writes',
  async (_, history, short, general, ...change) => {
    const { answers, states } = await compare(history, [short, ...change], [general, ...change]);

    expect(answers[0]).toHaveLength(1);
    // The short statement of a creation keeps the payload as the content of the change (`GroupDifference`).
    const withoutContent = short === CREATE_NEW_GROUP ? /\\"change\\": \{.*?\}, \\"source/g : /$^/g;
    expect(JSON.stringify(states[0]).replaceAll(withoutContent, '')).toEqual(
      JSON.stringify(states[1]).replaceAll(withoutContent, ''),
    );
    expect(answers[0]).toEqual(answers[1]);
  },
);

it.each<[string, readonly Change[], Change]>([
  ['a group that is known', [created], [CREATE_NEW_GROUP, creation(3), LATER]],
  [
    'a group of which a member is known',
    [[LEAVE_GROUP, LEAVE, LATER]],
    [CREATE_NEW_GROUP, creation(3), LATER],
  ],
  ['a user who is no member', [created], [LEAVE_AS_MEMBER, { ...LEAVE, userIDs: ['u9'] }, LATEST]],
  ['two users', [created], [LEAVE_AS_MEMBER, { ...LEAVE, userIDs: ['u2', 'u3'] }, LATEST]],
  ['a group that was read since', [created, verified], [LEAVE_AS_MEMBER, LEAVE, LATER]],
  [
    'a member whose row is later',
    [[CREATE_GROUP, creation(3), null]],
    [LEAVE_AS_MEMBER, LEAVE, '2025-01-01'],
  ],
  ['a group that is not known', [], [SET_KNOWN_GROUP_INFO, RENAME, LATER]],
  ['a group whose row is later', [created], [SET_KNOWN_GROUP_INFO, RENAME, '2025-12-01']],
  ['fields that were read since', [created, verified], [SET_KNOWN_GROUP_INFO, RENAME, LATER]],
  ['a snapshot of a known group', [created], [RECONCILE_NEW_GROUP, snapshot(3), LATEST]],
  [
    'a snapshot of a group with a known member',
    [[LEAVE_GROUP, LEAVE, LATER]],
    [RECONCILE_NEW_GROUP, snapshot(3), LATEST],
  ],
  [
    'a snapshot that is not verified',
    [],
    [RECONCILE_NEW_GROUP, snapshot(3, null, { verified: false }), LATEST],
  ],
  [
    'a snapshot that is not complete',
    [],
    [RECONCILE_NEW_GROUP, snapshot(3, null, { complete: false }), LATEST],
  ],
  ['a delta', [], [RECONCILE_NEW_GROUP, snapshot(3, null, { whole: false }), LATEST]],
  ['a snapshot without members', [], [RECONCILE_NEW_GROUP, snapshot(0), LATEST]],
  [
    'a dismissed group',
    [],
    [RECONCILE_NEW_GROUP, snapshot(3, null, { info: { ...FIELDS, status: 2, memberCount: 3 } }), LATEST],
  ],
])('A short statement leaves %s to the general one', async (_, history, change) => {
  const groupID = `c${Math.random()}`;
  for (const earlier of history) {
    await run(groupID, earlier);
  }
  const before = await stateOf(groupID);

  expect(await run(groupID, change)).toEqual([]);
  expect(await stateOf(groupID)).toEqual(before);
});

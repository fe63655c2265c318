import { setTimeout as sleep } from 'node:timers/promises';
import { RetentionService } from '../src/partitions/retention.service.js';
import type { MembersAtPage, UserGroupsAtPage } from '../src/groups/membership.dto.js';
import { expectChangesLeadToRows } from './helpers/fold.js';
import { newGroup, World } from './helpers/world.js';
import { CREATE, Service } from './helpers/service.js';

const JOIN = 'callbackAfterJoinGroupCommand';
const QUIT = 'callbackAfterQuitGroupCommand';
const KICK = 'callbackAfterKickGroupCommand';
const MEMBER = 'callbackAfterSetGroupMemberInfoCommand';
const CREATED_AT = Date.parse('2026-01-01T00:00:00Z');

let service: Service;

afterEach(async () => {
  await service.stop();
});

const post = async (command: string, groupID: string, fields: object = {}): Promise<void> => {
  const { status } = await service.post(command, { callbackCommand: command, groupID, ...fields });
  expect(status).toBe(200);
};
const create = (groupID: string) =>
  post(CREATE, groupID, {
    groupName: `name of ${groupID}`,
    ownerUserID: 'o',
    createTime: CREATED_AT,
    memberCount: 2,
    initMemberList: [
      { userID: 'o', roleLevel: 100 },
      { userID: 'u', roleLevel: 20 },
    ],
  });

/** Returns a time between what was done and what is done next. */
async function now(): Promise<string> {
  await sleep(20);
  const time = new Date().toISOString();
  await sleep(20);
  return time;
}

const membersAt = async (at: string, query = ''): Promise<string[]> => {
  const { status, body } = await service.admin<MembersAtPage>(`/groups/g/members?at=${at}${query}`);
  expect([at, status]).toEqual([at, 200]);
  return body.items.map(({ userID, roleLevel }) => `${userID} ${roleLevel}`);
};
const groupsAt = async (userID: string, at: string): Promise<UserGroupsAtPage> =>
  (await service.admin<UserGroupsAtPage>(`/users/${userID}/groups?at=${at}`)).body;

it('The members of a group at a moment are those of then, with their roles of then', async () => {
  service = await Service.start();
  await create('g');
  const afterCreation = await now();
  await post(JOIN, 'g', { userID: 'j', joinSource: 3, inviterUserID: '' });
  await post(MEMBER, 'g', { userID: 'u', roleLevel: 60 });
  const afterPromotion = await now();
  await post(KICK, 'g', { kickedUserIDs: ['u', 'j'], reason: '' });
  const afterKick = await now();
  await post(JOIN, 'g', { userID: 'u', joinSource: 3, inviterUserID: '' });
  await post(QUIT, 'g', { userID: 'o' });
  const afterReturn = await now();

  expect(await membersAt('2026-01-01T00:00:00Z')).toEqual(['o 100', 'u 20']);
  expect(await membersAt(afterCreation)).toEqual(['o 100', 'u 20']);
  expect(await membersAt(afterPromotion)).toEqual(['j 20', 'o 100', 'u 60']);
  expect(await membersAt(afterKick)).toEqual(['o 100']);
  expect(await membersAt(afterReturn)).toEqual(['u 20']);
  expect(await membersAt(afterPromotion, '&roleLevel=60')).toEqual(['u 60']);
  const { rows } = {
    rows: await service.database.query(
      'SELECT user_id, how FROM group_member_periods ORDER BY valid_to, user_id',
    ),
  };
  expect(rows).toEqual([
    { user_id: 'u', how: 'role' },
    { user_id: 'j', how: 'kicked' },
    { user_id: 'u', how: 'kicked' },
    { user_id: 'o', how: 'quit' },
  ]);
});

it('The groups of a user at a moment are those of then', async () => {
  service = await Service.start();
  await create('g');
  await create('h');
  const both = await now();
  await post(QUIT, 'g', { userID: 'u' });
  const one = await now();
  await post(JOIN, 'unknown', { userID: 'u', joinSource: 3, inviterUserID: '' });

  expect(await groupsAt('u', both)).toEqual({
    items: [
      {
        groupID: 'g',
        groupName: 'name of g',
        roleLevel: 20,
        validFrom: '2026-01-01T00:00:00.000Z',
        validTo: expect.any(String),
      },
      {
        groupID: 'h',
        groupName: 'name of h',
        roleLevel: 20,
        validFrom: '2026-01-01T00:00:00.000Z',
        validTo: null,
      },
    ],
    nextCursor: null,
    unknownGroups: 1,
  });
  expect((await groupsAt('u', one)).items.map(({ groupID }) => groupID)).toEqual(['h']);
  expect((await groupsAt('u', '2025-12-31')).items).toEqual([]);
  expect((await groupsAt('u', '2025-12-31')).unknownGroups).toBe(2);
});

it('Both lists are paged without a gap', async () => {
  service = await Service.start();
  const users = Array.from({ length: 7 }, (_, n) => `u${n}`);
  await post(CREATE, 'g', {
    ownerUserID: 'u0',
    createTime: CREATED_AT,
    memberCount: 7,
    initMemberList: users.map((userID) => ({ userID, roleLevel: 20 })),
  });
  const at = await now();
  await post(KICK, 'g', { kickedUserIDs: ['u1', 'u3', 'u6'], reason: '' });
  const listed: string[] = [];
  for (let cursor: string | null = ''; cursor !== null;) {
    const { body }: { body: MembersAtPage } = await service.admin<MembersAtPage>(
      `/groups/g/members?at=${at}&limit=2${cursor && `&cursor=${cursor}`}`,
    );
    listed.push(...body.items.map(({ userID }) => userID));
    cursor = body.nextCursor;
  }
  expect(listed).toEqual(users);
});

it('Before the mirror knew the members of a group, the answer says so', async () => {
  service = await Service.start();
  await create('g');
  await post(JOIN, 'partly', { userID: 'u', joinSource: 3, inviterUserID: '' });
  const refusal = async (groupID: string, at: string): Promise<unknown> =>
    (await service.admin<{ message: string }>(`/groups/${groupID}/members?at=${at}`)).body;
  expect(await refusal('g', '2025-12-31')).toMatchObject({
    statusCode: 404,
    message: 'The members of group g are known since 2026-01-01T00:00:00.000Z only',
  });
  expect(await refusal('partly', '2025-12-31')).toMatchObject({
    statusCode: 404,
    message: 'The members of group partly are known at no moment yet',
  });
  expect(await refusal('nowhere', '2025-12-31')).toMatchObject({
    statusCode: 404,
    message: 'There is no group nowhere',
  });
});

it('A group that a snapshot filled is known since then, and its lost changes are periods too', async () => {
  const world = await World.start([newGroup(3)], { RECONCILE_INTERVAL: '1s' });
  ({ service } = world);
  await world.becomesRight();
  const group = world.groups[0];
  const path = `/groups/${group.groupID}/members?at=`;
  const filled = await now();
  const { size } = group.members;
  group.act({ action: 'kick', who: 1, what: 1 });
  await world.becomesRight();
  const at = async (time: string) =>
    (await service.admin<MembersAtPage>(`${path}${time}`)).body.items?.length;
  expect([await at(filled), await at(await now())]).toEqual([size, group.members.size]);
  expect(group.members.size).toBeLessThan(size);
  expect(await at(new Date(Date.now() - 3_600_000).toISOString())).toBeUndefined();
});

it.each([
  [JOIN, '0 s', (userID: string) => ({ inviterUserID: userID, joinSource: 3 })],
  [MEMBER, '1 minute', (userID: string) => ({ userID, ex: 'x' })],
])(
  'A late %s ends the membership in a group whose members were removed, and its period',
  async (command, age, fields) => {
    const world = await World.start([newGroup(3)]);
    ({ service } = world);
    const group = world.groups[0];
    group.act({ action: 'join', who: 1, what: 1 });
    const [join] = group.callbacks.splice(0);
    await world.deliver([join!]);
    group.act({ action: 'delete', who: 1, what: 1 });
    await world.post(`/groups/${group.groupID}/refresh`); // OpenIM's caches may be older than the join: it stands
    const { items } = (await service.admin<MembersAtPage>(`/groups/${group.groupID}/members`)).body;
    expect(items).toHaveLength(1);
    await service.database.query(
      'UPDATE group_members SET as_of = as_of - $1::interval WHERE left_at IS NULL',
      [age],
    );
    await post(command, group.groupID, fields(items[0]!.userID));
    expect((await service.admin<MembersAtPage>(`/groups/${group.groupID}/members`)).body.items).toEqual([]);
    await expectChangesLeadToRows(service.database, [group.groupID]);
  },
);

it('Periods are removed after PERIOD_RETENTION_DAYS, and then no earlier moment is answered', async () => {
  service = await Service.start({ PERIOD_RETENTION_DAYS: '10' });
  await create('g');
  await post(QUIT, 'g', { userID: 'u' });
  await post(QUIT, 'g', { userID: 'o' });
  await service.database.query(
    "UPDATE group_member_periods SET valid_to = now() - interval '11 days' WHERE user_id = 'u'",
  );
  await service.app.get(RetentionService).removeOld();
  expect(await service.database.query('SELECT user_id FROM group_member_periods')).toEqual([
    { user_id: 'o' },
  ]);
  expect((await service.admin<{ message: string }>('/groups/g/members?at=2026-01-02')).body).toMatchObject({
    statusCode: 404,
    message: 'Memberships that ended are kept for 10 days only (PERIOD_RETENTION_DAYS)',
  });
});

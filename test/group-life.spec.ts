import { CALLBACK_COMMANDS } from '../src/callback/payloads/callback-commands.js';
import { bodyNames, bodyOf, FIXTURES } from './helpers/fixtures.js';
import { expectChangesLeadToRows } from './helpers/fold.js';
import { Service, SUCCESS } from './helpers/service.js';

const G = '2847193056';

let service: Service;

beforeAll(async () => {
  service = await Service.start();
});

beforeEach(async () => {
  await service.database.query('TRUNCATE groups, group_members, group_changes, group_member_periods');
});

afterAll(async () => {
  await service.stop();
});

/** Sends a recorded body, or a body with these fields. */
const send = async (command: string, body: string | Record<string, unknown>) => {
  const json =
    typeof body === 'string' ? bodyOf(command, body) : { callbackCommand: command, groupID: G, ...body };
  const answer = await service.post(command, json);
  expect(answer).toMatchObject({ status: 200, body: SUCCESS });
  return service.log.at(-1)!['outcome'];
};

const CREATE = 'callbackAfterCreateGroupCommand';
const QUIT = 'callbackAfterQuitGroupCommand';
const KICK = 'callbackAfterKickGroupCommand';
const JOIN = 'callbackAfterJoinGroupCommand';
const INFO = 'callbackAfterSetGroupInfoCommand';
const INFO_EX = 'callbackAfterSetGroupInfoExCommand';
const MEMBER = 'callbackAfterSetGroupMemberInfoCommand';
const TRANSFER = 'callbackAfterTransferGroupOwnerCommand';
const DISMISS = 'callbackAfterDisMissGroupCommand';
const ENTERED = 'callbackAfterCreateGroupChatConversationsCommand';
const USER = 'callbackAfterUpdateUserInfoCommand';
const USER_EX = 'callbackAfterUpdateUserInfoExCommand';

/** Owner u1, admin u2, members u3 and u4. */
const create = () => send(CREATE, 'made-by-operator');

const group = async () => (await service.admin<Record<string, unknown>>(`/groups/${G}`)).body;
const member = async (userID: string) =>
  (await service.admin<{ items: Record<string, unknown>[] }>(`/groups/${G}/members`)).body.items.find(
    (item) => item['userID'] === userID,
  );
const members = async () => {
  const { body } = await service.admin<{ items: { userID: string; roleLevel: number }[] }>(
    `/groups/${G}/members`,
  );
  return Object.fromEntries(body.items.map(({ userID, roleLevel }) => [userID, roleLevel]));
};
const row = async (userID: string) =>
  (
    await service.database.query(
      'SELECT left_cause, left_reason, left_at, role_level FROM group_members WHERE user_id = $1',
      [userID],
    )
  )[0];

/** Moves all rows a minute into the past: no later callback can have overtaken them. */
const later = async () => {
  await service.database.query(
    "UPDATE group_members SET as_of = as_of - interval '1 min', left_at = left_at - interval '1 min'",
  );
  await service.database.query("UPDATE groups SET as_of = as_of - interval '1 min'");
};

/** All rows, without their times. */
const facts = async () => ({
  groups: await service.database.query(
    "SELECT to_jsonb(g) - '{as_of,synced_at,last_callback_at,stale_since,created_as_of}'::text[] AS row FROM groups g",
  ),
  members: await service.database.query(
    "SELECT to_jsonb(m) - '{as_of,synced_at}'::text[] AS row FROM group_members m ORDER BY user_id",
  ),
});

describe('The callback', () => {
  const bodies = [...CALLBACK_COMMANDS.keys()].flatMap((command) =>
    bodyNames(command).map((name): [string, string] => [command, name]),
  );
  const ofGroups = bodies.filter(([command]) => command !== USER && command !== USER_EX);

  it.each([...CALLBACK_COMMANDS.keys()])('%s has a body in test/bodies or test/fixtures', (command) => {
    expect(bodyNames(command)).not.toEqual([]);
  });

  it.each(bodies)('%s (%s) gives the same rows when it arrives twice', async (command, name) => {
    await create();
    await send(command, name);
    const once = await facts();
    // Each callback about a user marks the groups again.
    expect(await send(command, name)).toBe(command === USER || command === USER_EX ? 'applied' : 'unchanged');
    expect(await facts()).toEqual(once);
  });

  it.each(ofGroups)(
    '%s (%s), before the creation and on a group that is not known: twice gives the same rows',
    async (command, name) => {
      expect(await send(command, name)).toBe('applied');
      const once = await facts();
      expect(await send(command, name)).toBe('unchanged');
      expect(await facts()).toEqual(once);
    },
  );

  it.each(bodies)('%s (%s) is understood under the names of older servers', async (command, name) => {
    for (const older of CALLBACK_COMMANDS.get(command)!.olderNames) {
      await service.database.query('TRUNCATE groups, group_members, group_changes, group_member_periods');
      const answer = await service.post(older, bodyOf(command, name).replace(command, older));
      expect(answer.body).toEqual(SUCCESS);
      expect(service.log.at(-1)).toMatchObject({ command: older, outcome: 'applied' });
    }
  });

  it.each(bodies)('%s (%s) is rejected with wrong types, and writes nothing', async (command, name) => {
    const body = JSON.parse(bodyOf(command, name)) as Record<string, unknown>;
    const { dto } = CALLBACK_COMMANDS.get(command)!;
    for (const field of Object.keys(new dto())) {
      for (const value of [true, { a: 1 }, [1], 1.5, 1e300]) {
        const answer = await service.post(command, { ...body, [field]: value });
        expect([field, value, answer.status, answer.body.actionCode]).toEqual([field, value, 400, 1]);
        expect(answer.body.errDlt).toContain(field);
      }
    }
    expect(await facts()).toEqual({ groups: [], members: [] });
  });

  it.each(FIXTURES)(
    '$command ($name): is taken where its texts are such as PostgreSQL cannot hold',
    async ({ command, text }) => {
      const spoilt: unknown = JSON.parse(text, (key, value: unknown) =>
        typeof value === 'string' && value !== '' && key !== 'callbackCommand' ? `${value}\0\ud800` : value,
      );
      expect((await service.post(command, spoilt as object)).body).toEqual(SUCCESS);
    },
  );
});

describe('Members', () => {
  it('who leave are no longer listed, and the cause is kept', async () => {
    await create();
    await send(QUIT, 'quit');
    await send(KICK, { kickedUserIDs: ['u3'], reason: 'inactive' });

    expect(await members()).toEqual({ u1: 100, u2: 60 });
    expect(await row('u4')).toMatchObject({ left_cause: 'quit', left_reason: '', left_at: expect.any(Date) });
    expect(await row('u3')).toMatchObject({ left_cause: 'kicked', left_reason: 'inactive' });
    expect(await group()).toMatchObject({ memberCount: 2, staleSince: null });
    expect((await service.admin('/users/u4/groups')).body).toMatchObject({ items: [] });
  });

  it('who were unknown can leave, and the group needs reconciling', async () => {
    await create();
    await send(KICK, { kickedUserIDs: ['u3', 'u9', ''], reason: '' });

    expect(await members()).toEqual({ u1: 100, u2: 60, u4: 20 });
    expect(await group()).toMatchObject({
      memberCount: 3,
      staleReason: 'a member joined or left, and no callback reported it',
    });
  });

  it.each([
    ["as OpenIM's server reports it", { inviterUserID: 'u6', joinSource: 3 }, ''],
    ['as older pages report it', { userID: 'u6', joinSource: 3 }, ''],
    ['with the inviter', { userID: 'u6', inviterUserID: 'u1', joinSource: 3 }, 'u1'],
  ])('join, %s', async (_, body, inviterUserID) => {
    await create();
    await send(JOIN, body);

    expect(await member('u6')).toMatchObject({ roleLevel: 20, joinSource: 3, inviterUserID });
    expect(await group()).toMatchObject({ memberCount: 5, staleSince: null });
  });

  it('are not added by a join without a user', async () => {
    expect(
      (await service.post(JOIN, { callbackCommand: JOIN, groupID: G, inviterUserID: '' })).body,
    ).toMatchObject({
      errCode: 400,
      errDlt: 'inviterUserID or userID must name who joined',
    });
  });

  it('who return are ordinary members, without their former fields', async () => {
    await create();
    await send(MEMBER, { userID: 'u2', nickName: 'Bee', ex: 'x' });
    await send(KICK, { kickedUserIDs: ['u2'] });
    await later();
    await send(JOIN, { inviterUserID: 'u2' });

    expect(await member('u2')).toMatchObject({ roleLevel: 20, nickname: null, ex: null });
    expect(await row('u2')).toMatchObject({ left_cause: null, left_at: null });
    expect(await group()).toMatchObject({ memberCount: 4 });
  });

  it('keep a field that is null in a change, and lose one that is ""', async () => {
    await create();
    await send(MEMBER, { userID: 'u3', nickName: 'Cee', faceURL: 'f', roleLevel: 60, ex: 'e' });
    await later();
    await send(MEMBER, { userID: 'u3', nickName: '', faceURL: null, roleLevel: null });

    expect(await member('u3')).toMatchObject({ nickname: '', faceURL: 'f', roleLevel: 60, ex: 'e' });
    expect((await group())['staleSince']).toBeNull();
  });

  it('who were unknown are added by a change of their fields', async () => {
    await create();
    await send(MEMBER, { userID: 'u9', roleLevel: 60 });

    expect(await members()).toMatchObject({ u9: 60 });
    expect(await group()).toMatchObject({
      memberCount: 5,
      staleReason: 'a member joined or left, and no callback reported it',
    });
  });

  it('who left long ago and change are members again', async () => {
    await create();
    await send(QUIT, 'quit');
    await later();
    await send(MEMBER, { userID: 'u4', nickName: 'Dee' });

    expect(await member('u4')).toMatchObject({ nickname: 'Dee', roleLevel: 0 });
    expect(await group()).toMatchObject({
      memberCount: 4,
      staleReason: 'a member joined or left, and no callback reported it',
    });
  });

  it('who left recently and change stay away', async () => {
    await create();
    await send(QUIT, 'quit');
    await send(MEMBER, { userID: 'u4', nickName: 'Dee' });

    expect(await member('u4')).toBeUndefined();
    expect(await group()).toMatchObject({
      memberCount: 3,
      staleReason: 'the order of two callbacks is not known',
    });
  });
});

describe('The owner', () => {
  it('and the new owner swap their roles', async () => {
    await create();
    await send(TRANSFER, 'transfer');

    expect(await members()).toEqual({ u2: 100, u1: 60, u3: 20, u4: 20 });
    expect(await group()).toMatchObject({ ownerUserID: 'u2', memberCount: 4, staleSince: null });
  });

  it('becomes an ordinary member where the former role of the new owner is unknown, and the group needs reconciling', async () => {
    await create();
    await send(TRANSFER, { oldOwnerUserID: 'u1', newOwnerUserID: 'u9' });

    expect(await members()).toEqual({ u9: 100, u2: 60, u1: 20, u3: 20, u4: 20 });
    expect(await group()).toMatchObject({
      ownerUserID: 'u9',
      memberCount: 5,
      staleReason: 'a former role is not known',
    });
  });

  it('is one user only, also when a transfer is missed', async () => {
    await create();
    await send(TRANSFER, { oldOwnerUserID: 'u3', newOwnerUserID: 'u4' });

    expect(await members()).toEqual({ u4: 100, u2: 60, u3: 20, u1: 20 });
    expect(await group()).toMatchObject({
      ownerUserID: 'u4',
      staleReason: 'the order of two callbacks is not known',
    });
  });
});

describe('A group', () => {
  it('keeps a text that is "", and a number that is null, in the older call', async () => {
    await create();
    await send(INFO, {
      groupName: 'New',
      notification: '',
      introduction: '',
      faceURL: '',
      ex: '',
      needVerification: 0,
      lookMemberInfo: 1,
      applyMemberFriend: null,
    });

    expect(await group()).toMatchObject({
      groupName: 'New',
      introduction: 'Weekly sync',
      faceURL: 'https://cdn.example/g.png?w=96&h=96',
      ex: '',
      needVerification: 0,
      lookMemberInfo: 1,
      applyMemberFriend: 0,
      ownerUserID: 'u1',
      memberCount: 4,
      staleSince: null,
    });
  });

  it('keeps a field that is null, and clears one that is "", in the newer call', async () => {
    await create();
    await send(INFO_EX, { groupName: 'New', introduction: '', ex: null, needVerification: 2 });

    expect(await group()).toMatchObject({
      groupName: 'New',
      introduction: '',
      ex: '{"dept":7}',
      needVerification: 2,
    });
  });

  it('takes the wrapped values of older pages', async () => {
    await create();
    await send(INFO_EX, {
      groupName: { value: 'New' },
      introduction: { value: '' },
      ex: null,
      needVerification: { value: 1 },
    });

    expect(await group()).toMatchObject({
      groupName: 'New',
      introduction: '',
      ex: '{"dept":7}',
      needVerification: 1,
    });
  });

  it('that is dismissed keeps its row with status 2, and its members unless they were deleted', async () => {
    await create();
    await send(DISMISS, { ownerID: 'u1', groupType: '\u0002', membersID: ['u1', 'u2', 'u3', 'u4'] });
    expect(await group()).toMatchObject({ status: 2, memberCount: 4, staleSince: null });
    expect(Object.keys(await members())).toHaveLength(4);

    await send(DISMISS, { ownerID: 'u1', groupType: '\u0002', membersID: [] });
    expect(await group()).toMatchObject({ status: 2, memberCount: 0 });
    expect(await members()).toEqual({});
    expect(await row('u1')).toMatchObject({ left_cause: 'dismissed' });
  });

  it.each([
    ['deleted', []],
    ['kept', ['u1', 'u2', 'u3', 'u4']],
  ])('begins a new life with a creation after the dismissal (members %s)', async (_, membersID) => {
    await create();
    await send(DISMISS, { ownerID: 'u1', groupType: '\u0002', membersID });
    const creation = JSON.parse(bodyOf(CREATE, 'made-by-operator')) as Record<string, unknown>;
    const initMemberList = [
      { userID: 'u1', roleLevel: 100 },
      { userID: 'u9', roleLevel: 20 },
    ];
    await send(CREATE, { ...creation, createTime: Date.now() + 1, memberCount: 2, initMemberList });
    await send(JOIN, { operationID: '', reqMessage: '', joinSource: 3, inviterUserID: 'u3' });

    expect(await group()).toMatchObject({ status: 0, memberCount: 3 });
    expect(Object.keys(await members()).toSorted()).toEqual(['u1', 'u3', 'u9']);
    expect(await row('u2')).toMatchObject({ left_cause: 'dismissed' });
    const [first] = await service.database.query('SELECT members_removed_at FROM groups');
    expect(first).toEqual({ members_removed_at: null });
    await expectChangesLeadToRows(service.database, [G]);
  });

  it('begins no new life with a late creation', async () => {
    await send(DISMISS, { ownerID: 'u1', groupType: '\u0002', membersID: [] });
    await create();

    expect(await group()).toMatchObject({ status: 2, memberCount: 0 });
    expect(await members()).toEqual({});
  });

  it('needs reconciling where the members in its dismissal are not the known ones', async () => {
    await create();
    await send(DISMISS, { membersID: ['u1', 'u2', 'u3', 'u4', 'u5'] });

    expect(await group()).toMatchObject({
      status: 2,
      staleReason: 'a member joined or left, and no callback reported it',
    });
  });

  it('needs reconciling when a user joined, and keeps the first reason and time', async () => {
    await create();
    await send(ENTERED, { groupId: G });
    const first = await group();
    expect(first).toMatchObject({
      staleSince: expect.any(String),
      staleReason: 'a user joined, OpenIM does not report who',
    });

    await send(KICK, { kickedUserIDs: ['u9'] });
    expect(await group()).toMatchObject({
      staleSince: first['staleSince'],
      staleReason: 'a user joined, OpenIM does not report who',
    });
  });

  it('with a late creation still needs reconciling when a user joined before', async () => {
    await send(QUIT, 'quit');
    expect(await send(ENTERED, { groupId: G })).toBe('applied');
    await create();

    expect(await group()).toMatchObject({
      ownerUserID: 'u1',
      staleReason: 'a user joined, OpenIM does not report who',
    });
  });

  it('that needs reconciling is found by the filter stale', async () => {
    await create();
    await send(CREATE, 'made-by-owner');
    await send(ENTERED, { groupId: G });

    const list = async (query: string) =>
      (await service.admin<{ items: { groupID: string }[] }>(`/groups${query}`)).body.items.map(
        ({ groupID }) => groupID,
      );
    expect(await list('?stale=true')).toEqual([G]);
    expect(await list('?stale=false')).toEqual(['913364821']);
    expect((await service.admin('/groups?stale=1')).status).toBe(400);
  });
});

describe('Callbacks before the creation', () => {
  it('create a stale group, which the creation completes', async () => {
    await send(INFO_EX, { groupName: 'Later name' });
    expect(await group()).toMatchObject({
      groupName: 'Later name',
      ownerUserID: '',
      staleReason: 'its creation was not received',
    });

    await send(QUIT, 'quit');
    await send(MEMBER, { userID: 'u3', nickName: 'Cee' });
    await send(JOIN, { inviterUserID: 'u6' });
    await create();

    expect(await group()).toMatchObject({
      groupName: 'Later name',
      introduction: 'Weekly sync',
      ownerUserID: 'u1',
      createTime: 1782981442517,
      memberCount: 4,
      staleSince: null,
      staleReason: null,
    });
    expect(await members()).toEqual({ u1: 100, u2: 60, u3: 20, u6: 20 });
    expect(await member('u3')).toMatchObject({ nickname: 'Cee' });
  });

  it('keep the new owner and the dismissal', async () => {
    await send(TRANSFER, 'transfer');
    await send(DISMISS, { membersID: ['u1', 'u2', 'u3', 'u4'] });
    await create();

    expect(await group()).toMatchObject({ ownerUserID: 'u2', status: 2 });
    expect(await members()).toEqual({ u2: 100, u1: 20, u3: 20, u4: 20 });
  });

  it('leave no member in a group whose members were removed', async () => {
    await send(DISMISS, 'members-deleted');
    await create();
    await send(JOIN, { inviterUserID: 'u6' });
    await send(MEMBER, { userID: 'u2', nickName: 'Bee' });

    expect(await group()).toMatchObject({ status: 2, memberCount: 0, groupName: 'R&D <core>' });
    expect(await members()).toEqual({});
  });

  it('are later than the creation even where the clock of OpenIM is an hour ahead', async () => {
    const body = {
      ...(JSON.parse(bodyOf(CREATE, 'made-by-operator')) as Record<string, unknown>),
      createTime: Date.now() + 3_600_000,
    };
    await send(QUIT, 'quit');
    await send(CREATE, body);
    await send(KICK, { kickedUserIDs: ['u3'] });
    await send(CREATE, body);

    expect(await members()).toEqual({ u1: 100, u2: 60 });
    expect(await group()).toMatchObject({ memberCount: 2 });
  });
});

it('takes many changes of one group at once, and counts right', async () => {
  await create();
  const users = Array.from({ length: 40 }, (_, index) => `j${index}`);
  await Promise.all(users.map((userID) => send(JOIN, { inviterUserID: userID })));
  await Promise.all(users.slice(0, 25).map((userID) => send(QUIT, { userID })));

  expect(await group()).toMatchObject({ memberCount: 19 });
  expect(Object.keys(await members())).toHaveLength(19);
});

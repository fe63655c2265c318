import { Client } from 'pg';
import { BATCH_GROUPS } from '../src/groups/statements/mark-groups-of-user.js';
import { eventually } from './helpers/process.js';
import { CREATE, IGNORED, Service, SUCCESS } from './helpers/service.js';

const JOIN = 'callbackAfterJoinGroupCommand';
const ENTERED = 'callbackAfterCreateGroupChatConversationsCommand';
const MESSAGE = 'callbackAfterSendGroupMsgCommand';
const USER = 'callbackAfterUpdateUserInfoCommand';
const USER_EX = 'callbackAfterUpdateUserInfoExCommand';
const QUIT = 'callbackAfterQuitGroupCommand';
const INFO = 'callbackAfterSetGroupInfoCommand';

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

const post = (command: string, fields: Record<string, unknown>) =>
  service.post(command, { callbackCommand: command, ...fields });
/** Creates a group with the owner o and other members. */
const create = (groupID: string, ...userIDs: string[]) =>
  post(CREATE, {
    groupID,
    ownerUserID: 'o',
    createTime: Date.now() - 60_000,
    memberCount: userIDs.length + 1,
    initMemberList: ['o', ...userIDs].map((userID) => ({ userID, roleLevel: userID === 'o' ? 100 : 20 })),
  });
const deliveries = (command: string) =>
  service.database.query<Record<string, unknown>>(
    'SELECT outcome, group_id, summary, problems, body FROM callback_deliveries WHERE command = $1 ORDER BY received_at',
    [command],
  );
const allDeliveries = () =>
  service.database.query<{ outcome: string }>('SELECT outcome FROM callback_deliveries');
const members = async () =>
  Object.fromEntries(
    (
      await service.database.query<{ user_id: string; inviter: string | null }>(
        'SELECT user_id, inviter_user_id AS inviter FROM group_members WHERE left_at IS NULL ORDER BY user_id',
      )
    ).map(({ user_id: userID, inviter }) => [userID, inviter]),
  );
const group = async () =>
  (
    await service.database.query<Record<string, unknown>>(
      'SELECT xmin::text AS version, member_count::integer AS members, stale_reason AS stale, last_callback_at FROM groups',
    )
  )[0]!;
const reasons = async () =>
  Object.fromEntries(
    (
      await service.database.query<{ group_id: string; stale_reason: string | null }>(
        'SELECT group_id, stale_reason FROM groups ORDER BY group_id',
      )
    ).map(({ group_id: groupID, stale_reason: reason }) => [groupID, reason]),
  );

describe('A callback of a join', () => {
  it.each<[string, object, string]>([
    ['userID, by invitation', { userID: 'new', inviterUserID: 'o', joinSource: 2 }, 'o'],
    ['userID, without an inviter', { userID: 'new', inviterUserID: '', joinSource: 3 }, ''],
    ['userID, who is also the inviter', { userID: 'new', inviterUserID: 'new', joinSource: 2 }, ''],
    [
      'userID, invited by a user who is no member',
      { userID: 'new', inviterUserID: 'app', joinSource: 2 },
      'app',
    ],
    ...[undefined, 0, 1, 3, 4].map(
      (joinSource) =>
        [`inviterUserID alone and joinSource ${joinSource}`, { inviterUserID: 'new', joinSource }, ''] as [
          string,
          object,
          string,
        ],
    ),
  ])('with %s reports that user as the new member', async (_, fields, inviter) => {
    await create('g');
    expect((await post(JOIN, { groupID: 'g', ...fields })).body).toEqual(SUCCESS);
    expect(await members()).toEqual({ new: inviter, o: null });
    expect(await group()).toMatchObject({ members: 2, stale: null });
    expect(await deliveries(JOIN)).toMatchObject([{ outcome: 'applied', problems: null }]);
  });

  it.each([
    ['the owner', { inviterUserID: 'o' }],
    ['a user who is no member', { inviterUserID: 'app', userID: '' }],
    ['an empty inviterUserID', { inviterUserID: '' }],
  ])('by invitation of %s without userID marks the group stale and adds no member', async (_, fields) => {
    await create('g');
    expect((await post(JOIN, { groupID: 'g', joinSource: 2, ...fields })).body).toEqual(SUCCESS);
    expect(await members()).toEqual({ o: null });
    expect(await group()).toMatchObject({ members: 1, stale: 'a user joined, OpenIM does not report who' });
    expect(await deliveries(JOIN)).toMatchObject([
      {
        outcome: 'applied',
        problems: expect.stringMatching(/^OpenIM does not report who joined.*OPENIM_API_URL/),
      },
    ]);
  });
});

describe('A callback of created conversations', () => {
  it.each([
    { groupId: 'g' },
    { group_id: 'g' },
    { groupId: '', group_id: 'g' },
    { groupId: 'g', group_id: '' },
  ])('marks the group in %j stale', async (fields) => {
    await create('g');
    expect((await post(ENTERED, fields)).body).toEqual(SUCCESS);
    expect(await reasons()).toEqual({ g: 'a user joined, OpenIM does not report who' });
    expect(await deliveries(ENTERED)).toMatchObject([{ group_id: 'g', outcome: 'applied' }]);
  });

  it.each([{}, { groupId: '' }, { group_id: '' }, { group_id: 7 }, { groupID: 'g' }])(
    'is refused without a group: %j',
    async (fields) => {
      expect((await post(ENTERED, fields)).status).toBe(400);
    },
  );
});

/** A message with a content, which OpenIM's notifications do not have. */
const message = (fields: Record<string, unknown>) =>
  post(MESSAGE, {
    sendID: 'o',
    serverMsgID: 'm',
    senderNickname: 'secret name',
    sessionType: 3,
    content: 'secret words',
    groupID: 'g',
    ...fields,
  });

describe('A callback of a message', () => {
  it.each([101, 1499, 1600, 2001, -1, 0, undefined])(
    'of type %p is answered, and writes nothing',
    async (contentType) => {
      await create('g');
      const before = await group();
      expect((await message({ contentType })).body).toEqual(IGNORED);
      expect((await message({ contentType, groupID: 7 })).body).toEqual(IGNORED);
      expect(await deliveries(MESSAGE)).toEqual([]);
      expect(await group()).toEqual(before);
      expect(service.log.at(-1)).toMatchObject({ command: MESSAGE, outcome: 'ignored' });
    },
  );

  it.each([1500, 1509, 1599])(
    'of type %p marks the group stale, and nothing of the message is kept',
    async (contentType) => {
      await create('g');
      expect((await message({ contentType })).body).toEqual(SUCCESS);
      expect(await reasons()).toEqual({ g: 'OpenIM notified the members of a change' });
      const rows = await deliveries(MESSAGE);
      expect(rows).toMatchObject([{ outcome: 'applied', group_id: 'g', body: null }]);
      expect(JSON.stringify([rows, service.log])).not.toContain('secret');
    },
  );

  it.each([{ groupID: '' }, { groupID: 7 }, { contentType: '1509' }])(
    'without a valid group and type is refused, and nothing of the message is kept: %j',
    async (fields) => {
      expect((await message({ contentType: 1509, ...fields })).status).toBe(400);
      const rows = await deliveries(MESSAGE);
      expect(rows).toMatchObject([{ outcome: 'rejected', body: null }]);
      expect(JSON.stringify([rows, service.log])).not.toContain('secret');
    },
  );

  it('of a change with many messages writes the group once', async () => {
    await create('g');
    await message({ contentType: 1509 });
    // On a busy machine 20 messages take longer than the second in which a mark is not repeated.
    await service.database.query("UPDATE groups SET last_callback_at = last_callback_at + interval '1 min'");
    const { version } = await group();
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, index) =>
        index % 2 === 0 ? message({ contentType: 1509 }) : post(ENTERED, { groupId: 'g' }),
      ),
    );
    expect(answers.map(({ body }) => body)).toEqual(answers.map(() => SUCCESS));
    expect((await group())['version']).toBe(version);
    expect(await deliveries(MESSAGE)).toHaveLength(11);
  });

  it.each([
    ['a second after the last mark', "last_callback_at = last_callback_at - interval '1 second'"],
    [
      'after the group was reconciled',
      'verified_at = clock_timestamp(), stale_since = NULL, stale_reason = NULL',
    ],
    ['while the group is reconciled', 'verified_at = clock_timestamp()'],
  ])('marks the group stale again %s', async (_, change) => {
    await create('g');
    await message({ contentType: 1509 });
    await service.database.query(`UPDATE groups SET ${change}`);
    const before = await group();
    await message({ contentType: 1510 });
    const after = await group();
    expect(after).toMatchObject({ stale: 'OpenIM notified the members of a change' });
    expect(Number(after['last_callback_at'])).toBeGreaterThan(Number(before['last_callback_at']));
  });
});

/** Inserts the groups g00001, g00002, ..., each with the members u and v. */
const seed = async (groups: number) => {
  await service.database.query(
    `INSERT INTO groups (group_id, create_time, member_count, as_of, created_as_of, synced_at)
     SELECT 'g' || to_char(n, 'FM00000'), now(), 2, now(), now(), now() FROM generate_series(1, $1) AS n`,
    [groups],
  );
  await service.database.query(
    `INSERT INTO group_members (group_id, user_id, role_level, valid_from, as_of, synced_at)
     SELECT group_id, user_id, 20, now(), now(), now() FROM groups, unnest(ARRAY['u', 'v']) AS user_id`,
  );
};
const marked = async () =>
  Number(
    (
      await service.database.query(
        'SELECT count(*) AS marked FROM groups WHERE stale_since IS NOT NULL AND last_callback_at IS NOT NULL',
      )
    )[0]!['marked'],
  );
const deadlocks = async () =>
  (
    await service.database.query('SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()')
  )[0]!['deadlocks'];

const PROFILE = 'the name or picture of a user changed';

describe('A callback of a changed user', () => {
  it.each([
    [USER, { nickName: 'secret', faceURL: '' }],
    [USER, { nickname: 'secret', faceURL: 'secret' }],
    [USER, { faceURL: 'secret' }],
    [USER, {}],
    [USER_EX, { nickName: 'secret', faceURL: null }],
    [USER_EX, { nickName: { value: 'secret' }, faceURL: null }],
    [USER_EX, { nickname: null, faceURL: { value: '' } }],
    [USER_EX, { nickName: '' }],
  ])('marks the groups stale that show the user: %s with %j', async (command, fields) => {
    await create('in');
    await create('never', 'a');
    await create('left', 'u');
    await create('marked', 'u');
    await post(QUIT, { groupID: 'left', userID: 'u' });
    await post(JOIN, { groupID: 'in', inviterUserID: 'u', joinSource: 3 });
    await post(ENTERED, { groupId: 'marked' });

    expect((await post(command, { userID: 'u', ...fields })).body).toEqual(SUCCESS);

    expect(await reasons()).toEqual({
      in: PROFILE,
      never: null,
      left: null,
      marked: 'a user joined, OpenIM does not report who',
    });
    const rows = await deliveries(command);
    expect(rows).toMatchObject([
      { outcome: 'applied', group_id: null, body: null, problems: expect.stringContaining('OPENIM_API_URL') },
    ]);
    expect(JSON.stringify([rows, service.log])).not.toContain('secret');
  });

  it.each([
    [USER, { nickName: '', faceURL: '', ex: 'x' }],
    [USER, { nickName: null }],
    [USER_EX, { nickName: null, faceURL: null, ex: { value: 'x' } }],
    [USER_EX, { nickname: null }],
  ])('with the same name and picture writes nothing: %s with %j', async (command, fields) => {
    await create('g', 'u');
    expect((await post(command, { userID: 'u', ...fields })).body).toEqual(IGNORED);
    expect(await reasons()).toEqual({ g: null });
    expect(await deliveries(command)).toEqual([]);
  });

  it.each([{ userID: '' }, { userID: 7 }, { nickName: 7 }, { faceURL: { value: 7 } }])(
    'with an invalid field is refused, and its body is not kept: %j',
    async (fields) => {
      expect((await post(USER_EX, { userID: 'u', nickName: 'secret', ...fields })).status).toBe(400);
      expect(await deliveries(USER_EX)).toMatchObject([{ outcome: 'rejected', body: null }]);
    },
  );

  it.each([BATCH_GROUPS - 1, BATCH_GROUPS, BATCH_GROUPS + 1, 5000])(
    'marks all %d groups of the user',
    async (groups) => {
      await seed(groups);
      expect((await post(USER, { userID: 'u', nickName: 'N' })).body).toEqual(SUCCESS);
      expect(await marked()).toBe(groups);
      expect(await deliveries(USER)).toHaveLength(1);
    },
  );

  it('marks all groups while callbacks of the same groups are written, without a deadlock', async () => {
    await seed(3 * BATCH_GROUPS);
    const before = await deadlocks();
    const answers = await Promise.all(
      Array.from({ length: 60 }, (_, index) =>
        index % 10 < 2
          ? post(index % 10 === 0 ? USER : USER_EX, {
              userID: index % 20 < 10 ? 'u' : 'v',
              nickName: `n${index}`,
            })
          : post(INFO, {
              groupID: `g${String(((index * 37) % (3 * BATCH_GROUPS)) + 1).padStart(5, '0')}`,
              groupName: `n${index}`,
            }),
      ),
    );
    // On a busy machine some are written after their answer, a 503.
    await eventually(async () => expect(await allDeliveries()).toHaveLength(answers.length));
    for (const { outcome } of await allDeliveries()) {
      expect(outcome).toMatch(/^(applied|unchanged)$/);
    }
    expect(await marked()).toBe(3 * BATCH_GROUPS);
    expect(await deadlocks()).toEqual(before);
  });

  it('marks the other groups while the row of one is locked, and delays no callback of them', async () => {
    await seed(2 * BATCH_GROUPS);
    const holder = new Client({ connectionString: service.database.url });
    await holder.connect();
    await holder.query("BEGIN; UPDATE groups SET ex = 'x' WHERE group_id = 'g00007'");
    const answer = post(USER, { userID: 'u', nickName: 'N' });
    while ((await marked()) < 2 * BATCH_GROUPS - 1) {
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    expect((await post(INFO, { groupID: 'g00008', groupName: 'n' })).body).toEqual(SUCCESS);
    expect(await deliveries(USER)).toEqual([]);
    await holder.query('COMMIT');
    await holder.end();
    expect((await answer).body).toEqual(SUCCESS);
    expect(await marked()).toBe(2 * BATCH_GROUPS);
  });
});

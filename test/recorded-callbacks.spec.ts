import { CALLBACK_COMMANDS } from '../src/callback/payloads/callback-commands.js';
import { fixtureCommands, FIXTURES } from './helpers/fixtures.js';
import { Service, SUCCESS } from './helpers/service.js';

const UNBORN = 'its creation was not received';
const NOTIFIED = 'OpenIM notified the members of a change';
const ENTERED = 'a user joined, OpenIM does not report who';
const ROLE = 'a former role is not known';

type Row = Record<string, unknown>;

/** The rows that each body makes where nothing is known: the group, then its members, each without moments and without what is null. */
const ROWS: Record<string, Record<string, Row[]>> = {
  callbackAfterCreateGroupChatConversationsCommand: {
    'documented-commercial': [{ group_id: 'group_001', member_count: 0, stale_reason: ENTERED }],
    'main-entered': [{ group_id: 'a_g1', member_count: 0, stale_reason: ENTERED }],
  },
  callbackAfterCreateGroupCommand: {
    '3.8.3-patch.16-made-by-operator': [
      {
        group_id: 'p_g1',
        ex: '{"k":1}',
        status: 0,
        face_url: 'https://c/g.png?a=1&b=2',
        group_name: 'R&D <core> 群 😀 p_g1',
        group_type: 2,
        introduction: 'intro',
        member_count: 6,
        notification: '',
        owner_user_id: 'p_u1',
        creator_user_id: '',
        look_member_info: 0,
        need_verification: 0,
        apply_member_friend: 0,
        notification_user_id: '',
      },
      { user_id: 'p_u1', role_level: 100 },
      { user_id: 'p_u2', role_level: 60 },
      { user_id: 'p_u3', role_level: 60 },
      { user_id: 'p_u4', role_level: 20 },
      { user_id: 'p_u5', role_level: 20 },
      { user_id: 'p_u6', role_level: 20 },
    ],
    '3.8.3-patch.16-made-by-owner': [
      {
        group_id: '323985791',
        ex: '',
        status: 0,
        face_url: '',
        group_name: 'auto',
        group_type: 2,
        introduction: '',
        member_count: 2,
        notification: '',
        owner_user_id: 'a_u7',
        creator_user_id: '',
        look_member_info: 0,
        need_verification: 0,
        apply_member_friend: 0,
        notification_user_id: '',
      },
      { user_id: 'a_u7', role_level: 100 },
      { user_id: 'a_u8', role_level: 20 },
    ],
    documented: [
      {
        group_id: '12345',
        ex: 'Extra data',
        status: 1,
        face_url: 'http://example.com/path/to/face/image.png',
        group_name: 'MyGroup',
        group_type: 1,
        introduction: 'This is a group for discussing example topics.',
        member_count: 10,
        notification: 'Welcome to MyGroup!',
        owner_user_id: 'user123',
        creator_user_id: 'user123',
        look_member_info: 1,
        need_verification: 1,
        apply_member_friend: 0,
        notification_user_id: 'user456',
      },
      { user_id: 'user789', role_level: 60 },
      { user_id: 'user101112', role_level: 20 },
    ],
    'main-made-by-operator': [
      {
        group_id: 'a_g1',
        ex: '{"k":1}',
        status: 0,
        face_url: 'https://c/g.png?a=1&b=2',
        group_name: 'R&D <core> 群 😀 a_g1',
        group_type: 2,
        introduction: 'intro',
        member_count: 6,
        notification: '',
        owner_user_id: 'a_u1',
        creator_user_id: '',
        look_member_info: 0,
        need_verification: 0,
        apply_member_friend: 0,
        notification_user_id: '',
      },
      { user_id: 'a_u1', role_level: 100 },
      { user_id: 'a_u2', role_level: 60 },
      { user_id: 'a_u3', role_level: 60 },
      { user_id: 'a_u4', role_level: 20 },
      { user_id: 'a_u5', role_level: 20 },
      { user_id: 'a_u6', role_level: 20 },
    ],
    'main-made-by-owner': [
      {
        group_id: '1925952725',
        ex: '',
        status: 0,
        face_url: '',
        group_name: 'auto',
        group_type: 2,
        introduction: '',
        member_count: 2,
        notification: '',
        owner_user_id: 'a_u7',
        creator_user_id: '',
        look_member_info: 0,
        need_verification: 0,
        apply_member_friend: 0,
        notification_user_id: '',
      },
      { user_id: 'a_u7', role_level: 100 },
      { user_id: 'a_u8', role_level: 20 },
    ],
  },
  callbackAfterDisMissGroupCommand: {
    '3.8.3-patch.16-members-deleted': [
      { group_id: 'p_g1', status: 2, member_count: 0, stale_reason: UNBORN },
    ],
    '3.8.3-patch.16-members-kept': [{ group_id: 'p_g1', status: 2, member_count: 0, stale_reason: UNBORN }],
    'main-members-deleted': [{ group_id: 'a_g1', status: 2, member_count: 0, stale_reason: UNBORN }],
    'main-members-kept': [{ group_id: 'a_g1', status: 2, member_count: 0, stale_reason: UNBORN }],
  },
  callbackAfterJoinGroupCommand: {
    'main-joined': [
      { group_id: 'a_g3', member_count: 1, stale_reason: UNBORN },
      { user_id: 'a_u20', role_level: 20, join_source: 3, inviter_user_id: '' },
    ],
  },
  callbackAfterKickGroupCommand: {
    '3.8.3-patch.16-kicked': [
      { group_id: 'q_g1', member_count: 0, stale_reason: UNBORN },
      { user_id: 'q_u14', left_cause: 'kicked', role_level: 0, left_reason: 'inactive > 90 days' },
      { user_id: 'q_u15', left_cause: 'kicked', role_level: 0, left_reason: 'inactive > 90 days' },
    ],
    'main-kicked': [
      { group_id: 'a_g1', member_count: 0, stale_reason: UNBORN },
      { user_id: 'a_u14', left_cause: 'kicked', role_level: 0, left_reason: 'inactive > 90 days' },
      { user_id: 'a_u15', left_cause: 'kicked', role_level: 0, left_reason: 'inactive > 90 days' },
    ],
  },
  callbackAfterQuitGroupCommand: {
    '3.8.3-patch.16-quit': [
      { group_id: 'q_g1', member_count: 0, stale_reason: UNBORN },
      { user_id: 'q_u17', left_cause: 'quit', role_level: 0, left_reason: '' },
    ],
    'main-quit': [
      { group_id: 'a_g1', member_count: 0, stale_reason: UNBORN },
      { user_id: 'a_u17', left_cause: 'quit', role_level: 0, left_reason: '' },
    ],
  },
  callbackAfterSendGroupMsgCommand: {
    '3.8.3-patch.16-1501': [{ group_id: '323985791', member_count: 0, stale_reason: NOTIFIED }],
    '3.8.3-patch.16-1502': [{ group_id: 'p_g1', member_count: 0, stale_reason: NOTIFIED }],
    '3.8.3-patch.16-1504': [{ group_id: 'p_g1', member_count: 0, stale_reason: NOTIFIED }],
    '3.8.3-patch.16-1507': [{ group_id: 'p_g1', member_count: 0, stale_reason: NOTIFIED }],
    '3.8.3-patch.16-1508': [{ group_id: 'p_g1', member_count: 0, stale_reason: NOTIFIED }],
    '3.8.3-patch.16-1509': [{ group_id: 'p_g1', member_count: 0, stale_reason: NOTIFIED }],
    '3.8.3-patch.16-1510': [{ group_id: 'p_g1', member_count: 0, stale_reason: NOTIFIED }],
    '3.8.3-patch.16-1511': [{ group_id: 'p_g1', member_count: 0, stale_reason: NOTIFIED }],
    '3.8.3-patch.16-1512': [{ group_id: 'p_g1', member_count: 0, stale_reason: NOTIFIED }],
    '3.8.3-patch.16-1513': [{ group_id: 'p_g1', member_count: 0, stale_reason: NOTIFIED }],
    '3.8.3-patch.16-1514': [{ group_id: 'p_g1', member_count: 0, stale_reason: NOTIFIED }],
    '3.8.3-patch.16-1515': [{ group_id: 'p_g1', member_count: 0, stale_reason: NOTIFIED }],
    '3.8.3-patch.16-1516': [{ group_id: 'p_g1', member_count: 0, stale_reason: NOTIFIED }],
    '3.8.3-patch.16-1517': [{ group_id: 'p_g1', member_count: 0, stale_reason: NOTIFIED }],
    '3.8.3-patch.16-1518': [{ group_id: 'p_g1', member_count: 0, stale_reason: NOTIFIED }],
    '3.8.3-patch.16-1519': [{ group_id: 'p_g2', member_count: 0, stale_reason: NOTIFIED }],
    '3.8.3-patch.16-1520': [{ group_id: 'p_g1', member_count: 0, stale_reason: NOTIFIED }],
  },
  callbackAfterSetGroupInfoCommand: {
    '3.8.3-patch.16-ex-and-numbers': [
      {
        group_id: 'p_g1',
        ex: '{"z":2}',
        member_count: 0,
        look_member_info: 1,
        need_verification: 1,
        apply_member_friend: 1,
        stale_reason: UNBORN,
      },
    ],
    '3.8.3-patch.16-name-and-announcement': [
      {
        group_id: 'p_g1',
        group_name: 'New name',
        member_count: 0,
        notification: 'Note 1',
        stale_reason: UNBORN,
      },
    ],
    '3.8.3-patch.16-name-and-number': [
      { group_id: 's_g5', group_name: 'n760', member_count: 0, need_verification: 0, stale_reason: UNBORN },
    ],
    'main-ex-and-numbers': [
      {
        group_id: 'a_g1',
        ex: '{"z":2}',
        member_count: 0,
        look_member_info: 1,
        need_verification: 1,
        apply_member_friend: 1,
        stale_reason: UNBORN,
      },
    ],
    'main-name-and-announcement': [
      {
        group_id: 'a_g1',
        group_name: 'New name',
        member_count: 0,
        notification: 'Note 1',
        stale_reason: UNBORN,
      },
    ],
    'main-name-announcement-number': [
      {
        group_id: 'r_g1',
        group_name: 'n712',
        member_count: 0,
        notification: 'note29',
        need_verification: 2,
        stale_reason: UNBORN,
      },
    ],
  },
  callbackAfterSetGroupInfoExCommand: {
    '3.8.3-patch.16-announcement-cleared': [
      { group_id: 'p_g1', member_count: 0, notification: '', stale_reason: UNBORN },
    ],
    '3.8.3-patch.16-introduction-cleared': [
      { group_id: 's_g3', group_name: 'x726', introduction: '', member_count: 0, stale_reason: UNBORN },
    ],
    '3.8.3-patch.16-name-and-announcement': [
      {
        group_id: 'p_g1',
        group_name: 'Ex name',
        introduction: '',
        member_count: 0,
        notification: 'Note 2',
        stale_reason: UNBORN,
      },
    ],
    '3.8.3-patch.16-name-introduction-ex': [
      {
        group_id: 's_g6',
        ex: 'e5',
        group_name: 'x417',
        introduction: 'i6',
        member_count: 0,
        stale_reason: UNBORN,
      },
    ],
    '3.8.3-patch.16-zero': [
      { group_id: 'p_g1', member_count: 0, need_verification: 0, stale_reason: UNBORN },
    ],
    'main-announcement-cleared': [
      { group_id: 'a_g1', member_count: 0, notification: '', stale_reason: UNBORN },
    ],
    'main-name-and-announcement': [
      {
        group_id: 'a_g1',
        group_name: 'Ex name',
        introduction: '',
        member_count: 0,
        notification: 'Note 2',
        stale_reason: UNBORN,
      },
    ],
    'main-name-and-introduction': [
      { group_id: 'r_g10', group_name: 'x188', introduction: 'i54', member_count: 0, stale_reason: UNBORN },
    ],
    'main-name-introduction-ex': [
      {
        group_id: 'r_g6',
        ex: 'e9',
        group_name: 'x422',
        introduction: 'i70',
        member_count: 0,
        stale_reason: UNBORN,
      },
    ],
    'main-while-down': [
      {
        group_id: 'e_g1',
        group_name: 'while down 1',
        member_count: 0,
        notification: 'nd1',
        stale_reason: UNBORN,
      },
    ],
    'main-zero': [{ group_id: 'a_g1', member_count: 0, need_verification: 0, stale_reason: UNBORN }],
  },
  callbackAfterSetGroupMemberInfoCommand: {
    '3.8.3-patch.16-admin': [
      { group_id: 'p_g1', member_count: 1, stale_reason: UNBORN },
      { user_id: 'p_u4', role_level: 60 },
    ],
    '3.8.3-patch.16-ex': [
      { group_id: 'p_g1', member_count: 1, stale_reason: UNBORN },
      { user_id: 'p_u10', ex: 'ten', role_level: 0 },
    ],
    '3.8.3-patch.16-nickname-and-ex': [
      { group_id: 's_g7', member_count: 1, stale_reason: UNBORN },
      { user_id: 's_u2', ex: 'me7', nickname: 'mn53', role_level: 0 },
    ],
    '3.8.3-patch.16-nickname': [
      { group_id: 'p_g1', member_count: 1, stale_reason: UNBORN },
      { user_id: 'p_u4', nickname: 'Four!', role_level: 0 },
    ],
    '3.8.3-patch.16-picture-and-ex': [
      { group_id: 'p_g1', member_count: 1, stale_reason: UNBORN },
      { user_id: 'p_u4', ex: 'mex', face_url: 'http://f/4', role_level: 0 },
    ],
    'main-admin': [
      { group_id: 'a_g1', member_count: 1, stale_reason: UNBORN },
      { user_id: 'a_u4', role_level: 60 },
    ],
    'main-ex': [
      { group_id: 'a_g1', member_count: 1, stale_reason: UNBORN },
      { user_id: 'a_u10', ex: 'ten', role_level: 0 },
    ],
    'main-nickname-and-role': [
      { group_id: 'k_g7', member_count: 1, stale_reason: UNBORN },
      { user_id: 'k_u53', nickname: 'mn', role_level: 60 },
    ],
    'main-nickname-cleared': [
      { group_id: 'r_g3', member_count: 1, stale_reason: UNBORN },
      { user_id: 'r_u33', ex: 'me1', nickname: '', role_level: 0 },
    ],
    'main-nickname': [
      { group_id: 'a_g1', member_count: 1, stale_reason: UNBORN },
      { user_id: 'a_u4', nickname: 'Four!', role_level: 0 },
    ],
    'main-picture-and-ex': [
      { group_id: 'a_g1', member_count: 1, stale_reason: UNBORN },
      { user_id: 'a_u4', ex: 'mex', face_url: 'http://f/4', role_level: 0 },
    ],
  },
  callbackAfterTransferGroupOwnerCommand: {
    '3.8.3-patch.16-transferred': [
      { group_id: 'p_g1', member_count: 2, owner_user_id: 'p_u4', stale_reason: ROLE },
      { user_id: 'p_u4', role_level: 100 },
      { user_id: 'p_u1', role_level: 20 },
    ],
    'main-transferred': [
      { group_id: 'a_g1', member_count: 2, owner_user_id: 'a_u4', stale_reason: ROLE },
      { user_id: 'a_u4', role_level: 100 },
      { user_id: 'a_u1', role_level: 20 },
    ],
  },
  callbackAfterUpdateUserInfoCommand: {
    'documented-renamed': [],
  },
  callbackAfterUpdateUserInfoExCommand: {
    'documented-renamed': [],
    'documented-wrapped': [],
  },
};

/** Commands of which there is no recorded body: those of users. */
const DOCUMENTED_ONLY = ['callbackAfterUpdateUserInfoCommand', 'callbackAfterUpdateUserInfoExCommand'];

let service: Service;

beforeAll(async () => {
  service = await Service.start();
});

afterAll(async () => {
  await service.stop();
});

const rowsOf = async (table: string, order: string) =>
  (
    await service.database.query<{ row: Row }>(
      `SELECT jsonb_strip_nulls(to_jsonb(t) - $1::text[]) AS row FROM ${table} AS t ORDER BY ${order}`,
      [MOMENTS],
    )
  ).map(({ row }) => row);
const MOMENTS = [
  'as_of',
  'created_as_of',
  'create_time',
  'members_removed_at',
  'left_at',
  'notification_update_time',
  'stale_since',
  'synced_at',
  'last_callback_at',
];

const isRecorded = (name: string) => /^(main|3\.8\.3-patch\.16)-/.test(name);

describe('bodies', () => {
  it('are recorded of each command, as OpenIM sends them', () => {
    const recorded = FIXTURES.filter(({ name }) => isRecorded(name));
    for (const command of CALLBACK_COMMANDS.keys()) {
      expect([command, recorded.some((one) => one.command === command)]).toEqual([
        command,
        !DOCUMENTED_ONLY.includes(command),
      ]);
    }
    for (const { command, text } of recorded) {
      // encoding/json's Encoder: one line, its end, and <, > and & escaped.
      expect(text).toMatch(/^\{[^\n<>&]*\}\n$/);
      expect(JSON.parse(text)).toMatchObject({ callbackCommand: command });
    }
    for (const { name } of FIXTURES) {
      expect(isRecorded(name) || name.startsWith('documented')).toBe(true);
    }
  });

  it('have their rows in this table', () => {
    expect(Object.keys(ROWS).toSorted()).toEqual(fixtureCommands().toSorted());
    expect(
      Object.entries(ROWS)
        .flatMap(([command, rows]) => Object.keys(rows).map((name) => `${command}/${name}`))
        .toSorted(),
    ).toEqual(FIXTURES.map(({ command, name }) => `${command}/${name}`).toSorted());
  });
});

it.each(FIXTURES)('$command ($name) is answered, and makes its rows', async ({ command, name, text }) => {
  await service.database.query('TRUNCATE groups, group_members');

  const answer = await service.post(command, text);

  expect([answer.status, answer.body]).toEqual([200, SUCCESS]);
  const [group, ...members] = ROWS[command]![name]!;
  expect(await rowsOf('groups', 'group_id')).toEqual(group ? [group] : []);
  expect(
    (await rowsOf('group_members', 'role_level DESC, user_id')).map(({ group_id: _groupID, ...row }) => row),
  ).toEqual(members);
});

import * as fc from 'fast-check';
import { bodyOf, fixture } from './helpers/fixtures.js';
import { eventually } from './helpers/process.js';
import { SEED } from './helpers/seed.js';
import { CREATE, IGNORED, type MemberRow, Service, SUCCESS } from './helpers/service.js';

let service: Service;

beforeEach(async () => {
  service = await Service.start();
});

afterEach(async () => {
  await service.stop();
});

const created = (group: Record<string, unknown>) => ({
  callbackCommand: CREATE,
  groupID: 'g1',
  ownerUserID: 'owner',
  createTime: 1782981442517,
  ...group,
});

const roles = (members: MemberRow[]) =>
  Object.fromEntries(members.map((member) => [member.user_id, member.role_level]));

describe('A creation as OpenIM sends it', () => {
  it('is stored with all fields of the sample on the page of OpenIM', async () => {
    const answer = await service.post(`${CREATE}?contenttype=json`, fixture(CREATE, 'documented'));

    expect(answer).toMatchObject({ status: 200, text: JSON.stringify(SUCCESS) });
    expect(answer.headers.get('content-type')).toMatch(/^application\/json/);
    const { groups, members } = await service.rows();
    expect(groups).toEqual([
      {
        group_id: '12345',
        group_name: 'MyGroup',
        notification: 'Welcome to MyGroup!',
        introduction: 'This is a group for discussing example topics.',
        face_url: 'http://example.com/path/to/face/image.png',
        owner_user_id: 'user123',
        create_time: new Date(1673048592000),
        member_count: '10',
        ex: 'Extra data',
        status: 1,
        creator_user_id: 'user123',
        group_type: 1,
        need_verification: 1,
        look_member_info: 1,
        apply_member_friend: 0,
        notification_update_time: new Date(1673048592000),
        notification_user_id: 'user456',
        as_of: new Date(1673048592000),
        synced_at: expect.any(Date),
        revision: '1',
        last_callback_at: expect.any(Date),
        verified_at: null,
        full_snapshot_at: null,
        version_id: null,
        version: null,
        created_as_of: new Date(1673048592000),
        known_since: new Date(1673048592000),
        members_removed_at: null,
        stale_since: null,
        stale_reason: null,
      },
    ]);
    expect(roles(members)).toEqual({ user789: 60, user101112: 20 });
    expect(
      members.every((member) => member.left_at === null && member.as_of.getTime() === 1673048592000),
    ).toBe(true);
  });

  it('has its true members where the server lists every member twice and the operator last', async () => {
    const answer = await service.post(CREATE, bodyOf(CREATE, 'made-by-operator'));

    expect(answer.body).toEqual(SUCCESS);
    const { groups, members } = await service.rows();
    expect(roles(members)).toEqual({ u1: 100, u2: 60, u3: 20, u4: 20 });
    expect(groups[0]).toMatchObject({
      member_count: '4',
      creator_user_id: '',
      notification_update_time: new Date(0),
    });
  });

  it('has texts with the escapes of Go, which JSON.parse resolves', async () => {
    await service.post(CREATE, bodyOf(CREATE, 'made-by-operator'));

    expect((await service.rows()).groups[0]).toMatchObject({
      group_name: 'R&D <core>',
      face_url: 'https://cdn.example/g.png?w=96&h=96',
      ex: '{"dept":7}',
    });
  });

  it('is stored where the owner created the group', async () => {
    await service.post(CREATE, bodyOf(CREATE, 'made-by-owner'));

    const { groups, members } = await service.rows();
    expect(groups[0]).toMatchObject({ group_id: '913364821', member_count: '2', need_verification: 2 });
    expect(roles(members)).toEqual({ u1: 100, u3: 20 });
  });

  it.each([null, undefined, []])(
    'is stored without members where initMemberList is %p',
    async (initMemberList) => {
      expect((await service.post(CREATE, created({ initMemberList }))).body).toEqual(SUCCESS);

      const { groups, members } = await service.rows();
      expect([groups.length, members.length]).toEqual([1, 0]);
    },
  );

  it('has the zero values of Go where fields are absent', async () => {
    await service.post(CREATE, { callbackCommand: CREATE, groupID: 'g1', ownerUserID: 'owner' });

    expect((await service.rows()).groups[0]).toMatchObject({
      group_name: '',
      ex: '',
      creator_user_id: '',
      member_count: '0',
      group_type: 0,
      create_time: new Date(0),
      as_of: new Date(0),
    });
  });

  it('may have unknown fields, prototypes and entries without a userID', async () => {
    const body = `{"__proto__":{"groupName":"x"},"constructor":{"prototype":{"status":9}},"displayIsRead":true,"muteBypassUserIDs":["a"],
      "callbackCommand":"${CREATE}","groupID":"g1","ownerUserID":"owner","initMemberList":[{"__proto__":{"userID":"x"}},{"roleLevel":20},{"userID":"a","nickname":"A"}]}`;

    expect((await service.post(CREATE, body)).body).toEqual(SUCCESS);
    const { groups, members } = await service.rows();
    expect(groups[0]).toMatchObject({ group_name: '', status: 0 });
    expect(roles(members)).toEqual({ a: 0 });
    expect(({} as Record<string, unknown>)['groupName']).toBeUndefined();
  });

  it('stores 100,000 members, each listed twice, in one statement', async () => {
    const users = Array.from({ length: 100_000 }, (_, index) => ({ userID: `user${index}`, roleLevel: 20 }));
    const owner = { userID: 'owner', roleLevel: 100 };
    const initMemberList = [
      owner,
      ...users,
      ...users,
      { ...owner, roleLevel: 20 },
      { userID: 'imAdmin', roleLevel: 20 },
    ];
    const statements = service.recordStatements();

    await service.post(CREATE, created({ memberCount: 100_002, initMemberList }));

    // On a busy machine it is written after the answer, a 503.
    await eventually(async () => (await service.rows()).groups.length === 1);
    expect(await service.database.query('SELECT outcome FROM callback_deliveries')).toEqual([
      { outcome: 'applied' },
    ]);
    const [{ members, owners } = { members: 0, owners: 0 }] = await service.database.query<{
      members: number;
      owners: number;
    }>(
      'SELECT count(*)::int AS members, count(*) FILTER (WHERE role_level = 100)::int AS owners FROM group_members',
    );
    expect({ members, owners }).toEqual({ members: 100_001, owners: 1 });
    expect((await service.rows()).groups[0]).toMatchObject({ member_count: '100001' });
    expect(statements.filter(({ sql }) => sql.includes('INTO group_members'))).toHaveLength(1);
  });
});

describe('A creation with extreme numbers', () => {
  it.each([
    ['memberCount', 4294967295, 'member_count', '4294967295'],
    ['memberCount', 0, 'member_count', '0'],
    ['status', 2147483647, 'status', 2147483647],
    ['groupType', -2147483648, 'group_type', -2147483648],
    ['needVerification', -1, 'need_verification', -1],
    ['createTime', 0, 'create_time', new Date(0)],
    ['createTime', -1, 'create_time', new Date(0)],
    ['createTime', -62135596800000, 'create_time', new Date(0)],
    ['createTime', Number.MIN_SAFE_INTEGER, 'create_time', new Date(0)],
    ['createTime', 253402300800000, 'create_time', new Date(253402300800000)],
    ['createTime', 8.64e15, 'create_time', new Date(8.64e15)],
    ['createTime', Number.MAX_SAFE_INTEGER, 'create_time', new Date(8.64e15)],
    ['notificationUpdateTime', -62135596800000, 'notification_update_time', new Date(0)],
    ['notificationUpdateTime', 1, 'notification_update_time', new Date(1)],
  ])('is stored with the %s %p', async (field, value, column, stored) => {
    expect((await service.post(CREATE, created({ [field]: value }))).body).toEqual(SUCCESS);

    expect((await service.rows()).groups[0]).toMatchObject({ [column]: stored });
    const { body } = await service.admin<Record<string, unknown>>('/groups/g1');
    expect(body[field]).toBe(stored instanceof Date ? stored.getTime() : value);
  });

  it('has the current time as its as_of where the clock of OpenIM is ahead', async () => {
    await service.post(CREATE, created({ createTime: Date.now() + 86_400_000 }));

    const { as_of: asOf } = (await service.rows()).groups[0]!;
    expect(Math.abs(Date.now() - asOf.getTime())).toBeLessThan(60_000);
  });
});

describe('A creation with unusual texts', () => {
  it.each([
    ['quotes and escapes', `'"\`$1; DROP TABLE groups; -- {"a":"b"} \\ %_`],
    ['emoji and other scripts', '👩‍👩‍👧‍👦 研发部 Ελληνικά हिन्दी'],
    ['marks of the direction of writing', '\u202Eabc\u202C\u200F\u2066x\u2069'],
    ['control characters', '\u0001\t\n\r\u001F\u007F\u0085\uFEFF'],
    ['64 KiB', 'x'.repeat(65_536)],
  ])('is stored with %s', async (_, text) => {
    await service.post(CREATE, created({ groupID: text.slice(0, 255), groupName: text, ex: text }));

    expect((await service.rows()).groups[0]).toMatchObject({
      group_id: text.slice(0, 255),
      group_name: text,
      ex: text,
    });
  });

  it('is stored with U+FFFD in place of what PostgreSQL cannot store', async () => {
    const body = `{"callbackCommand":"${CREATE}","groupID":"g\\u0000","groupName":"a\\u0000b\\ud800c\\udc00","ownerUserID":"o","initMemberList":[{"userID":"o\\u0000"},{"userID":"\\ud83d"}]}`;

    expect((await service.post(CREATE, body)).body).toEqual(SUCCESS);
    const { groups, members } = await service.rows();
    expect(groups[0]).toMatchObject({ group_id: 'g\uFFFD', group_name: 'a\uFFFDb\uFFFDc\uFFFD' });
    expect(Object.keys(roles(members)).toSorted()).toEqual(['o\uFFFD', '\uFFFD']);
    expect((await service.admin<{ groupName: string }>('/groups/g%00')).body.groupName).toBe(
      'a\uFFFDb\uFFFDc\uFFFD',
    );
  });

  it('is stored with U+FFFD in place of invalid UTF-8, as Go decodes it', async () => {
    const body = Buffer.concat([
      Buffer.from(`{"callbackCommand":"${CREATE}","groupID":"g1","ownerUserID":"o","groupName":"`),
      Buffer.from([0xff, 0x41]),
      Buffer.from('"}'),
    ]);

    expect((await service.post(CREATE, body)).body).toEqual(SUCCESS);
    expect((await service.rows()).groups[0]).toMatchObject({ group_name: '\uFFFDA' });
  });
});

describe('Repeated and simultaneous creations', () => {
  it('write nothing for a body that is stored already', async () => {
    await service.post(CREATE, bodyOf(CREATE, 'made-by-operator'));
    const first = await service.rows();

    expect((await service.post(CREATE, bodyOf(CREATE, 'made-by-operator'))).body).toEqual(SUCCESS);
    expect(await service.rows()).toEqual(first);
    expect(service.log.map(({ outcome }) => outcome).filter(Boolean)).toEqual(['applied', 'unchanged']);
  });

  it('write one group for 60 identical callbacks at once', async () => {
    const answers = await Promise.all(
      Array.from({ length: 60 }, () => service.post(CREATE, bodyOf(CREATE, 'made-by-operator'))),
    );

    expect(answers.map(({ body }) => body)).toEqual(Array.from({ length: 60 }, () => SUCCESS));
    const { groups, members } = await service.rows();
    expect([groups.length, members.length]).toEqual([1, 4]);
    expect(service.log.filter(({ outcome }) => outcome === 'applied')).toHaveLength(1);
  });

  it('write 100 groups at once that list the same users in different orders, each sent twice', async () => {
    const users = Array.from({ length: 200 }, (_, index) => ({ userID: `user${index}`, roleLevel: 20 }));
    const inOrder = (start: number) => {
      const rotated = [...users.slice(start), ...users.slice(0, start)];
      return start % 2 === 0 ? rotated : rotated.toReversed();
    };
    const bodies = Array.from({ length: 200 }, (_, index) =>
      created({ groupID: `g${index % 100}`, initMemberList: inOrder(index) }),
    );

    const answers = await Promise.all(bodies.map((body) => service.post(CREATE, body)));

    expect(answers.filter(({ status }) => status !== 200)).toEqual([]);
    const { groups, members } = await service.rows();
    expect([groups.length, members.length]).toEqual([100, 20_000]);
  });

  it('do not bring back a member who left at a later as_of', async () => {
    await service.database.query(
      `INSERT INTO group_members (group_id, user_id, role_level, left_at, valid_from, as_of, synced_at)
       VALUES ('2847193056', 'u3', 20, now(), now(), now(), now())`,
    );

    await service.post(CREATE, bodyOf(CREATE, 'made-by-operator'));

    const { body } = await service.admin<{ items: { userID: string }[] }>('/groups/2847193056/members');
    expect(body.items.map(({ userID }) => userID)).toEqual(['u1', 'u2', 'u4']);
  });

  it('leave the values of the later createTime, in either order', async () => {
    const [older, newer] = [
      created({ groupName: 'older', createTime: 1000 }),
      created({ groupName: 'newer', createTime: 2000 }),
    ];
    for (const order of [
      [older, newer],
      [newer, older],
    ]) {
      await service.database.query('TRUNCATE groups, group_members');
      await service.post(CREATE, order[0]);
      await service.post(CREATE, order[1]);
      expect((await service.rows()).groups[0]).toMatchObject({ group_name: 'newer' });
    }
  });
});

/** A creation as OpenIM's server writes it: the owner twice, the operator last. */
const creationOf = ({
  ownerUserID,
  others,
  operator,
  ...fields
}: {
  ownerUserID: string;
  others: string[];
  operator?: string | undefined;
}) => {
  const members = others.filter((userID) => userID !== ownerUserID);
  const listed = [...members, ownerUserID, operator].filter(
    (userID, index, all): userID is string => userID !== undefined && all.indexOf(userID) === index,
  );
  return {
    ...fields,
    ownerUserID,
    memberCount: listed.length,
    initMemberList: [
      { userID: ownerUserID, roleLevel: 100 },
      ...listed.map((userID) => ({ userID, roleLevel: 20 })),
    ],
  };
};

describe('The member_count of a group', () => {
  const START = Date.now() - 3_600_000;
  const user = fc.integer({ min: 1, max: 6 }).map((number) => `u${number}`);
  const event = fc.oneof(
    {
      weight: 4,
      arbitrary: fc.record({
        command: fc.constant(CREATE),
        ownerUserID: user,
        others: fc.uniqueArray(user),
        operator: fc.option(fc.constantFrom('u1', 'imAdmin'), { nil: undefined }),
        groupName: fc.constantFrom('a', 'b'),
        // Two creations of a group may have the same createTime.
        createTime: fc.constantFrom(0, 1000, 2000).map((offset) => START + offset),
      }),
    },
    fc.record({
      command: fc.constant('callbackAfterSetGroupInfoCommand'),
      groupName: fc.constant('renamed'),
    }),
    fc.record({ command: fc.constant('callbackAfterQuitGroupCommand'), userID: user }),
    fc.record({
      command: fc.constant('callbackAfterJoinGroupCommand'),
      inviterUserID: user,
      joinSource: fc.constant(3),
    }),
  );
  it('is the number of its current members after any sequence of callbacks', async () => {
    let number = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(event, { minLength: 2, maxLength: 6 }), async (events) => {
        number += 1;
        const groupID = `count${number}`;
        for (const { command, ...fields } of events) {
          const body = 'ownerUserID' in fields ? creationOf(fields) : fields;
          const answer = await service.post(command, { callbackCommand: command, groupID, ...body });
          expect(answer.body).toEqual(SUCCESS);
          const [row] = await service.database.query(
            `SELECT member_count::integer AS count, (SELECT count(*)::integer FROM group_members m
               WHERE m.group_id = g.group_id AND left_at IS NULL) AS members
             FROM groups g WHERE group_id = $1`,
            [groupID],
          );
          expect(row!['count']).toBe(row!['members']);
        }
      }),
      { numRuns: 150, ...SEED },
    );
  });
});

describe('A command that is not mirrored', () => {
  it.each([
    [
      'callbackBeforeCreateGroupCommand',
      { callbackCommand: 'callbackBeforeCreateGroupCommand', groupID: '' },
    ],
    [
      'callbackAfterSendSingleMsgCommand',
      { callbackCommand: 'callbackAfterSendSingleMsgCommand', content: 'hi' },
    ],
    ['constructor', {}],
    ['__proto__', 'no JSON'],
    ['callbackSomethingNew', ''],
  ])('is answered and writes nothing: %s', async (command, body) => {
    expect(await service.post(command, body)).toMatchObject({ status: 200, body: IGNORED });
    expect((await service.rows()).groups).toEqual([]);
    expect(service.log.at(-1)).toMatchObject({ command, outcome: 'ignored' });
  });

  it.each(['text/plain', ''])(
    'is answered with the media type %p and with a body over the limit',
    async (type) => {
      expect(await service.post('callbackSomethingNew', 'x', { 'content-type': type })).toMatchObject({
        status: 200,
        body: IGNORED,
      });
      expect(await service.post('callbackSomethingNew', 'x'.repeat(17_000_000))).toMatchObject({
        status: 200,
        body: IGNORED,
      });
    },
  );
});

describe('The route of callbacks', () => {
  it.each(['//callback/', '/callback//', '//callback///'])(
    'is found with the doubled slashes of %s',
    async (prefix) => {
      const answer = await fetch(`${service.url}${prefix}${CREATE}`, {
        method: 'POST',
        body: fixture(CREATE, 'documented'),
        headers: {
          'content-type': 'application/json',
          authorization: `Basic ${btoa('openim:callback-token')}`,
        },
      });

      expect(await answer.json()).toEqual(SUCCESS);
    },
  );
});

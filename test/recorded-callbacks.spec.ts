import { CALLBACK_COMMANDS } from '../src/callback/payloads/callback-commands.js';
import { fixtureRows, FIXTURES } from './helpers/fixtures.js';
import { Service, SUCCESS } from './helpers/service.js';

/** Commands without a recorded body: those of users. */
const DOCUMENTED_ONLY = ['callbackAfterUpdateUserInfoCommand', 'callbackAfterUpdateUserInfoExCommand'];

/** Columns with times. */
const OMITTED = [
  'as_of',
  'created_as_of',
  'create_time',
  'members_removed_at',
  'left_at',
  'notification_update_time',
  'stale_since',
  'synced_at',
  'last_callback_at',
  'known_since',
  'valid_from',
  'revision',
];

const COMMANDS = [...CALLBACK_COMMANDS.keys()];
const isRecorded = (name: string) => /^(main|3\.8\.3-patch\.16)-/.test(name);
const RECORDED = FIXTURES.filter(({ name }) => isRecorded(name));

describe('A folder of test/fixtures', () => {
  it.each(COMMANDS)('has a recorded body of %s, unless only documented ones exist', (command) => {
    expect(RECORDED.some((fixture) => fixture.command === command)).toBe(!DOCUMENTED_ONLY.includes(command));
  });

  it.each(COMMANDS)('has the rows of each body of %s in rows.json', (command) => {
    const names = FIXTURES.filter((fixture) => fixture.command === command).map(({ name }) => name);
    expect(Object.keys(fixtureRows(command)).toSorted()).toEqual(names.toSorted());
  });

  it('has recorded bodies as OpenIM writes them: one line, with <, > and & escaped', () => {
    for (const { command, text } of RECORDED) {
      // The format of Go's encoding/json.Encoder.
      expect(text).toMatch(/^\{[^\n<>&]*\}\n$/);
      expect(JSON.parse(text)).toMatchObject({ callbackCommand: command });
    }
  });

  it('has bodies whose names state their source', () => {
    for (const { name } of FIXTURES) {
      expect(isRecorded(name) || name.startsWith('documented')).toBe(true);
    }
  });
});

describe('The service', () => {
  let service: Service;

  beforeAll(async () => {
    service = await Service.start();
  });

  afterAll(async () => {
    await service.stop();
  });

  /** The rows of a table, without times, the revision, and what is null. */
  const rowsOf = async (table: string, order: string) =>
    (
      await service.database.query<{ row: Record<string, unknown> }>(
        `SELECT jsonb_strip_nulls(to_jsonb(t) - $1::text[]) AS row FROM ${table} AS t ORDER BY ${order}`,
        [OMITTED],
      )
    ).map(({ row }) => row);

  it.each(FIXTURES)(
    'answers $command ($name) with success, and writes the rows of rows.json',
    async ({ command, name, text }) => {
      await service.database.query('TRUNCATE groups, group_members');

      const answer = await service.post(command, text);

      expect([answer.status, answer.body]).toEqual([200, SUCCESS]);
      const [group, ...members] = fixtureRows(command)[name]!;
      expect(await rowsOf('groups', 'group_id')).toEqual(group ? [group] : []);
      expect(
        (await rowsOf('group_members', 'role_level DESC, user_id')).map(
          ({ group_id: _groupID, ...row }) => row,
        ),
      ).toEqual(members);
    },
  );
});

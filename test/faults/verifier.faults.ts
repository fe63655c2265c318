import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from 'pg';
import { Ledger } from './helpers/ledger.js';
import { Load } from './helpers/load.js';
import { PostgresServer } from './helpers/postgres-server.js';
import { Rehearsal } from './helpers/rehearsal.js';
import { Replica } from './helpers/replica.js';
import { verify } from './helpers/verifier.js';

let postgres: PostgresServer;
let replica: Replica;
let client: Client;
let ledger: Ledger;

beforeAll(async () => {
  postgres = await PostgresServer.create();
  replica = await Replica.start(postgres.url);
  client = new Client({ connectionString: postgres.url });
  await client.connect();
  ledger = new Ledger();
  const load = Load.start(replica.url, ledger, 8);
  await sleep(3000);
  await load.stop();
  await replica.settled();
});

afterAll(async () => {
  await client?.end();
  await replica?.remove();
  await postgres?.remove();
});

it('finds nothing where nothing was broken', async () => {
  const rehearsal = new Rehearsal('Verifier');
  const verdict = await verify(ledger, postgres.url);
  expect(await rehearsal.endOf('nothing broken', ledger, verdict)).toEqual({});
  expect(ledger.count('acknowledged')).toBeGreaterThan(100);
});

describe('finds what somebody breaks by hand', () => {
  beforeEach(async () => {
    await client.query('CREATE TABLE kept_deliveries AS TABLE callback_deliveries');
    await client.query('CREATE TABLE kept_groups AS TABLE groups');
    await client.query('CREATE TABLE kept_members AS TABLE group_members');
  });

  afterEach(async () => {
    await client.query('TRUNCATE callback_deliveries, groups, group_members');
    await client.query('INSERT INTO callback_deliveries TABLE kept_deliveries');
    await client.query('INSERT INTO groups TABLE kept_groups');
    await client.query('INSERT INTO group_members TABLE kept_members');
    await client.query('DROP TABLE kept_deliveries, kept_groups, kept_members');
    expect(await verify(ledger, postgres.url)).toMatchObject({ missing: 0, twice: 0, wrong: 0 });
  });

  const ONE = 'ctid = (SELECT min(ctid) FROM';

  it.each([
    [
      'a callback is not in the log',
      `DELETE FROM callback_deliveries WHERE ${ONE} callback_deliveries)`,
      'missing',
    ],
    [
      'a callback failed',
      `UPDATE callback_deliveries SET outcome = 'failed' WHERE ${ONE} callback_deliveries)`,
      'missing',
    ],
    [
      'a callback is twice in the log',
      `CREATE TEMPORARY TABLE one AS SELECT * FROM callback_deliveries LIMIT 1;
       UPDATE one SET id = gen_random_uuid(); INSERT INTO callback_deliveries TABLE one; DROP TABLE one`,
      'twice',
    ],
    ['a group is not there', `DELETE FROM groups WHERE ${ONE} groups)`, 'wrong'],
    ['a count is wrong', `UPDATE groups SET member_count = member_count + 1 WHERE ${ONE} groups)`, 'wrong'],
    ['a name is wrong', `UPDATE groups SET group_name = 'x' WHERE ${ONE} groups)`, 'wrong'],
    ['a status is wrong', `UPDATE groups SET status = 1 WHERE ${ONE} groups)`, 'wrong'],
    ['a member is not there', `DELETE FROM group_members WHERE ${ONE} group_members)`, 'wrong'],
    ['a role is wrong', `UPDATE group_members SET role_level = 7 WHERE ${ONE} group_members)`, 'wrong'],
    [
      'somebody is in who left, or the other way round',
      `UPDATE group_members SET left_at = CASE WHEN left_at IS NULL THEN now() END, left_cause = NULL WHERE ${ONE} group_members)`,
      'wrong',
    ],
  ])('%s', async (_, sql, what) => {
    await client.query(sql);
    const { findings, doneUnknown, ...counts } = await verify(ledger, postgres.url);
    expect(counts).toEqual({ missing: 0, twice: 0, wrong: 0, marked: 0, [what]: 1 });
    expect(findings).toHaveLength(1);
    expect(doneUnknown).toBe(0);
  });
});

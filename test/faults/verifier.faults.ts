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
  await replica.drained();
});

afterAll(async () => {
  await client?.end();
  await replica?.remove();
  await postgres?.remove();
});

it('finds nothing without a fault', async () => {
  const rehearsal = new Rehearsal('Verifier');
  const verdict = await verify(ledger, postgres.url);
  expect(await rehearsal.endOf('no fault', ledger, verdict)).toEqual({});
  expect(ledger.count('acknowledged')).toBeGreaterThan(100);
});

describe('finds a manual change of the database:', () => {
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

  const ONE_DELIVERY = 'ctid = (SELECT min(ctid) FROM callback_deliveries)';
  /** Excludes stale groups: the verifier counts their differences as `stale`, not as `wrong`. */
  const ONE_GROUP = 'ctid = (SELECT min(ctid) FROM groups WHERE stale_since IS NULL)';
  const ONE_MEMBER =
    'ctid = (SELECT min(m.ctid) FROM group_members AS m JOIN groups USING (group_id) WHERE stale_since IS NULL)';

  it.each([
    ['a callback is not in the log', `DELETE FROM callback_deliveries WHERE ${ONE_DELIVERY}`, 'missing'],
    [
      'a callback failed',
      `UPDATE callback_deliveries SET outcome = 'failed' WHERE ${ONE_DELIVERY}`,
      'missing',
    ],
    [
      'a callback is in the log twice',
      `CREATE TEMPORARY TABLE one AS SELECT * FROM callback_deliveries LIMIT 1;
       UPDATE one SET id = gen_random_uuid(); INSERT INTO callback_deliveries TABLE one; DROP TABLE one`,
      'twice',
    ],
    ['a group is missing', `DELETE FROM groups WHERE ${ONE_GROUP}`, 'wrong'],
    ['a count is wrong', `UPDATE groups SET member_count = member_count + 1 WHERE ${ONE_GROUP}`, 'wrong'],
    ['a name is wrong', `UPDATE groups SET group_name = 'x' WHERE ${ONE_GROUP}`, 'wrong'],
    ['a status is wrong', `UPDATE groups SET status = 1 WHERE ${ONE_GROUP}`, 'wrong'],
    ['a member is missing', `DELETE FROM group_members WHERE ${ONE_MEMBER}`, 'wrong'],
    ['a role is wrong', `UPDATE group_members SET role_level = 7 WHERE ${ONE_MEMBER}`, 'wrong'],
    [
      'a former member is in the group, or a member is out',
      `UPDATE group_members SET left_at = CASE WHEN left_at IS NULL THEN now() END, left_cause = NULL WHERE ${ONE_MEMBER}`,
      'wrong',
    ],
  ])('%s', async (_, sql, what) => {
    await client.query(sql);
    const { findings, doneUnknown, ...counts } = await verify(ledger, postgres.url);
    expect(counts).toEqual({ missing: 0, twice: 0, wrong: 0, stale: 0, [what]: 1 });
    expect(findings).toHaveLength(1);
    expect(doneUnknown).toBe(0);
  });
});

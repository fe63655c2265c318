import { readFile, writeFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from 'pg';
import { decodeAll } from '../../src/journal/journal-entry.js';
import { journalFiles, quarantined } from '../helpers/journal-folder.js';
import { eventually } from '../helpers/process.js';
import { Ledger } from './helpers/ledger.js';
import { Load } from './helpers/load.js';
import { PostgresServer } from './helpers/postgres-server.js';
import { Random } from './helpers/random.js';
import { Rehearsal } from './helpers/rehearsal.js';
import { Replica } from './helpers/replica.js';
import { underLoad } from './helpers/under-load.js';

const CREATE = 'callbackAfterCreateGroupCommand';
const INFO = 'callbackAfterSetGroupInfoCommand';

let postgres: PostgresServer;
let replica: Replica;
let client: Client;

beforeAll(async () => {
  postgres = await PostgresServer.create();
  replica = await Replica.start(postgres.url);
  await connect();
});

/** Connects again: a restart of PostgreSQL ends the previous connection. */
async function connect(): Promise<void> {
  await client?.end().catch(() => undefined);
  client = new Client({ connectionString: postgres.url });
  client.on('error', () => undefined);
  await client.connect();
}

afterAll(async () => {
  await client?.end().catch(() => undefined);
  await replica?.remove();
  await postgres?.remove();
});

async function post(command: string, body: object): Promise<number> {
  const response = await fetch(`${replica.url}/callback/${command}`, {
    method: 'POST',
    body: JSON.stringify({ callbackCommand: command, ...body }),
    headers: { 'content-type': 'application/json', authorization: `Basic ${btoa('openim:t')}` },
  });
  return response.status;
}

const rename = (groupID: string, groupName: string): Promise<number> => post(INFO, { groupID, groupName });

it('locked rows delay only their own groups', async () => {
  const rehearsal = new Rehearsal('Journal: locked rows');
  const locked = Array.from({ length: 20 }, (_, n) => `locked-${n}`);
  for (const groupID of locked) {
    await post(CREATE, { groupID, ownerUserID: 'o' });
  }
  let refused = 0;
  let waited = 0;
  const { ledger, verdict } = await underLoad(replica.url, [replica], postgres.url, async () => {
    await client.query('BEGIN');
    await client.query("SELECT FROM groups WHERE group_id LIKE 'locked-%' FOR UPDATE");
    for (let n = 0; n < 20; n += 1) {
      const answers = await Promise.all(locked.map((groupID) => rename(groupID, `name ${n}`)));
      refused += answers.filter((status) => status !== 200).length;
      await sleep(1000);
    }
    await client.query('COMMIT');
    const start = performance.now();
    await eventually(async () => expect(await named('name 19')).toBe(locked.length), 60_000);
    waited = Math.round(performance.now() - start);
  });
  expect(
    await rehearsal.endOf('20 rows for 25 s, 20 callbacks each', ledger, verdict, {
      faults: {
        'locked groups refused': refused,
        'locked groups wrong': locked.length - (await named('name 19')),
      },
      counts: { 'locked groups written after ms': waited },
    }),
  ).toEqual({});
});

async function named(name: string): Promise<number> {
  const { rowCount } = await client.query(
    "SELECT FROM groups WHERE group_id LIKE 'locked-%' AND group_name = $1",
    [name],
  );
  return rowCount ?? 0;
}

it('a damaged journal loses only damaged entries, and reports each', async () => {
  const rehearsal = new Rehearsal('Journal: damaged');
  const random = Random.stream(11);
  const ledger = new Ledger();
  await postgres.stop();
  const load = Load.start(replica.url, ledger, 8);
  await sleep(4000);
  await load.stop();
  await replica.end('SIGKILL');

  const damaged = new Set<string>();
  for (const path of await journalFiles(replica.folder)) {
    const bytes = await readFile(path);
    for (const { piece, offset } of decodeAll(Buffer.from(bytes))) {
      if (piece.kind === 'entry' && random.below(50) === 0) {
        damaged.add(piece.entry.operationID);
        bytes[offset + 30 + random.below(piece.length - 40)]! ^= 1 << random.below(8);
      }
    }
    await writeFile(path, bytes);
  }
  replica.run();
  await postgres.start();
  await replica.drained();
  await connect();

  const { rows } = await client.query<{ id: string }>(
    'SELECT operation_id AS id FROM callback_deliveries WHERE starts_with(operation_id, $1)',
    [ledger.prefix],
  );
  const logged = new Set(rows.map(({ id }) => id));
  const lost = [...ledger.fates].filter(([id, fate]) => fate === 'acknowledged' && !logged.has(id));
  const kept = (await quarantined(replica.folder)).match(/^# .* damaged, /gm)?.length ?? 0;
  expect(
    await rehearsal.end(
      'a bit flipped in one of 50 entries, after kill -9',
      {
        'undamaged entries lost': lost.filter(([id]) => !damaged.has(id)).length,
        'damaged entries not reported': damaged.size - kept,
        twice: rows.length - logged.size,
      },
      { acknowledged: ledger.count('acknowledged'), damaged: damaged.size, quarantined: kept },
    ),
  ).toEqual({});
});

it('the journal drains while the callbacks of busy groups go on', async () => {
  const rehearsal = new Rehearsal('Journal: drain under load');
  const names = new Map<string, string>();
  let sent = 0;
  let refused = 0;
  const stop = new AbortController();
  const groups = Array.from({ length: 20 }, (_, n) => `busy-${n}`);
  for (const groupID of groups) {
    await post(CREATE, { groupID, ownerUserID: 'o' });
  }
  /** Sends one callback after another, like a worker of OpenIM. */
  const sender = async (own: string[]): Promise<void> => {
    for (let n = 0; !stop.signal.aborted; n += 1) {
      const groupID = own[n % own.length]!;
      const status = await rename(groupID, `name ${n}`);
      sent += 1;
      refused += status === 200 ? 0 : 1;
      names.set(groupID, `name ${n}`);
    }
  };
  const waiting = async (): Promise<number> => {
    const response = await fetch(`${replica.url}/admin/stats`, { headers: { authorization: 'Bearer k' } });
    return ((await response.json()) as { journal: { waiting: number } }).journal.waiting;
  };
  const senders = [sender(groups.slice(0, 10)), sender(groups.slice(10))];
  await sleep(1000);
  await postgres.stop();
  await sleep(12_000);
  const most = await waiting();
  await postgres.start();
  const start = performance.now();
  await eventually(async () => expect(await waiting()).toBe(0), 60_000);
  const drainMs = Math.round(performance.now() - start);
  await sleep(1000);
  stop.abort();
  await Promise.all(senders);
  await replica.drained();

  await connect();
  const { rows } = await client.query<{ groupID: string; groupName: string }>(
    `SELECT group_id AS "groupID", group_name AS "groupName" FROM groups WHERE group_id LIKE 'busy-%'`,
  );
  const { rowCount: logged } = await client.query(
    "SELECT FROM callback_deliveries WHERE group_id LIKE 'busy-%' AND command = $1",
    [INFO],
  );
  expect(
    await rehearsal.end(
      'PostgreSQL down for 12 s, two senders go on with 20 groups',
      {
        missing: sent - (logged ?? 0),
        wrong: rows.filter(({ groupID, groupName }) => names.get(groupID) !== groupName).length,
        refused,
      },
      { acknowledged: sent, 'waiting at the end of the outage': most, 'drained after ms': drainMs },
    ),
  ).toEqual({});
});

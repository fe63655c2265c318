import { Agent, type IncomingMessage, request } from 'node:http';
import { text as readText } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { CALLBACK_COMMANDS } from '../../src/callback/payloads/callback-commands.js';
import { FIXTURES } from '../helpers/fixtures.js';
import { Ledger } from './helpers/ledger.js';
import { Load } from './helpers/load.js';
import { type Mutant, Mutator } from './helpers/mutator.js';
import { PostgresServer } from './helpers/postgres-server.js';
import { Random, SEED } from './helpers/random.js';
import { Rehearsal } from './helpers/rehearsal.js';
import { Replica } from './helpers/replica.js';
import { verify } from './helpers/verifier.js';

const BODIES = Number(process.env['FAULTS_BODIES'] ?? 100_000);
const SENDERS = 12;
const TIMEOUT_MS = 10_000;
const KEYS = 'actionCode,errCode,errMsg,errDlt,nextCode';

let postgres: PostgresServer;
let replica: Replica;

beforeAll(async () => {
  postgres = await PostgresServer.create();
  // The largest mutants exceed this limit.
  replica = await Replica.start(postgres.url, { CALLBACK_BODY_LIMIT: '400kb' });
});

afterAll(async () => {
  await replica?.remove();
  await postgres?.remove();
});

const names = Array.from(CALLBACK_COMMANDS, ([name, { olderNames }]) => [name, ...olderNames]).flat();
const commands = [
  ...names,
  'callbackAfterSendSingleMsgCommand',
  'constructor',
  '__proto__',
  'x'.repeat(3000),
  '%00',
];

/** The seed of the run and the number of a mutant determine the mutant. */
const mutantOf = (number: number): Mutant => new Mutator(Random.stream(number), FIXTURES, commands).mutant();

async function send(agent: Agent, { command, headers, body }: Mutant) {
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    request(`${replica.url}/callback/${command}`, {
      method: 'POST',
      agent,
      signal: AbortSignal.timeout(TIMEOUT_MS),
      headers: { 'content-length': body.length, authorization: `Basic ${btoa('openim:t')}`, ...headers },
    })
      .once('response', resolve)
      .once('error', reject)
      .end(body);
  });
  return {
    status: response.statusCode ?? 0,
    type: response.headers['content-type'] ?? '',
    text: await readText(response),
  };
}

/** Checks that a body is a valid reply to OpenIM and agrees with the HTTP status. */
function isReply(status: number, type: string, text: string): boolean {
  try {
    const reply = JSON.parse(text) as Record<string, unknown>;
    const refused = status !== 200;
    return (
      type.startsWith('application/json') &&
      Object.keys(reply).join(',') === KEYS &&
      reply['actionCode'] === Number(refused) &&
      reply['errCode'] === (refused ? status : 0) &&
      typeof reply['errMsg'] === 'string' &&
      typeof reply['errDlt'] === 'string' &&
      (reply['nextCode'] === 0 || (reply['nextCode'] === 1 && !refused))
    );
  } catch {
    return false;
  }
}

it(`answers ${BODIES} mutants of callbacks`, async () => {
  const rehearsal = new Rehearsal('Fuzz: mutated callbacks');
  const faults = { '5xx': 0, 'other shapes': 0, 'no answer': 0, crashes: 0 };
  const statuses: Record<string, number> = {};
  let next = 0;
  let shown = 0;
  const report = (
    what: keyof typeof faults,
    number: number,
    { command, mutations, body }: Mutant,
    detail: string,
  ) => {
    faults[what] += 1;
    shown += 1;
    if (shown <= 20) {
      process.stdout.write(
        `${what}: SEED=${SEED}, mutant ${number} (${command.slice(0, 60)}; ${mutations.join(', ')}): ${detail.slice(0, 200)}; ${JSON.stringify(body.toString('latin1').slice(0, 300))}\n`,
      );
    }
  };
  const sender = async (): Promise<void> => {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    while (next < BODIES) {
      const number = next;
      next += 1;
      const mutant = mutantOf(number);
      try {
        const { status, type, text } = await send(agent, mutant);
        statuses[`answers ${status}`] = (statuses[`answers ${status}`] ?? 0) + 1;
        if (status >= 500) {
          report('5xx', number, mutant, `${status} ${text}`);
        }
        if (!isReply(status, type, text)) {
          report('other shapes', number, mutant, `${status} ${type} ${text}`);
        }
      } catch (error) {
        report('no answer', number, mutant, String(error));
      }
    }
    agent.destroy();
  };
  await Promise.all(Array.from({ length: SENDERS }, sender));
  faults.crashes = replica.isAlive ? 0 : 1;

  const ledger = new Ledger();
  const load = Load.start(replica.url, ledger, 8);
  await sleep(2000);
  await load.stop();
  await replica.drained();
  const { missing, twice, wrong, findings } = await verify(ledger, postgres.url);

  expect(
    await rehearsal.end(
      `${BODIES} bodies, seed ${SEED}`,
      { ...faults, missing, twice, wrong },
      { ...statuses, 'acknowledged afterwards': ledger.count('acknowledged') },
    ),
  ).toEqual({});
  expect(findings).toEqual([]);
  expect(ledger.count('acknowledged')).toBeGreaterThan(20);
});

import type { Bench } from '../bench.js';
import { COMMANDS, type Kind, SEEDED_GROUPS } from '../bodies.js';
import { Child } from '../child.js';
import { Contender, overHttp } from '../contender.js';
import type { LoadResult } from '../load-order.js';
import { ratio, type Section, type Target } from '../section.js';
import { Service } from '../service.js';
import { median, percentile } from '../statistics.js';
import { type Contenders, latencies, rateRatio, takeTurns, TURN_COLUMNS, turnFigures } from '../turns.js';
import { seedGroups } from './seed-groups.js';

const MEMBERS = 10;
const KINDS: readonly [Kind, string][] = [
  ['create', `create, ${MEMBERS} members`],
  ['kick', 'kick, 1 member'],
  ['setGroupInfo', 'set-group-info'],
];
/** Minimum rate of the service relative to the runtime, by concurrency. */
const TARGETS: ReadonlyMap<number, number> = new Map([
  [2, 0.8],
  [32, 0.7],
]);
const TAIL_TARGET = 3;
/** Members seeded for each second of kicks. More than PostgreSQL kicks in a second. */
const KICKS_PER_SECOND = 8_000;

/** @throws unless every callback changed its rows and is in the log */
async function check(bench: Bench, { database, next }: Contender, kickable: number): Promise<void> {
  const rows = await bench.postgres.query<{ command: string; outcome: string; count: string }>(
    database,
    'SELECT command, outcome, count(*) FROM callback_deliveries GROUP BY 1, 2 ORDER BY 1',
  );
  const found = rows.map(({ command, outcome, count }) => `${command} ${outcome} ${count}`).join(', ');
  const expected = KINDS.map(([kind]) => `${COMMANDS[kind]} applied ${next[kind]}`);
  const [written] = await bench.postgres.query<{ members: string; kicked: string }>(
    database,
    `SELECT count(*) AS members, count(*) FILTER (WHERE left_cause = 'kicked') AS kicked FROM group_members`,
  );
  expected.push(`members ${kickable + next.create * MEMBERS} kicked ${next.kick}`);
  if (`${found}, members ${written?.members} kicked ${written?.kicked}` !== expected.join(', ')) {
    throw new Error(
      `${database}: expected ${expected.join(', ')}, found ${found}, ${JSON.stringify(written)}`,
    );
  }
}

/** Measures rates and latencies of callbacks, of the service and of the limits of its runtime and its database. */
export async function measureCallbacks(bench: Bench): Promise<Section> {
  const { sizes } = bench;
  const seconds = TARGETS.size * (sizes.rounds * sizes.seconds + sizes.warmUpSeconds);
  const kickable = Math.ceil((seconds * KICKS_PER_SECOND) / SEEDED_GROUPS) * SEEDED_GROUPS;
  const contenders = await startContenders(bench, kickable / SEEDED_GROUPS);
  const rows: string[][] = [];
  const targets: Target[] = [];
  for (const [kind, title] of KINDS) {
    for (const [concurrency, target] of TARGETS) {
      bench.progress(`${title} at concurrency ${concurrency}`);
      const turns = await takeTurns(sizes, contenders, { kind, members: MEMBERS, concurrency });
      for (const name of contenders.keys()) {
        rows.push([title, String(concurrency), name, ...turnFigures(turns, name)]);
      }
      const ofRuntime = rateRatio(turns, 'runtime');
      targets.push({
        what: `${title}, concurrency ${concurrency}: service / runtime`,
        measured: ratio(ofRuntime),
        target: `>= ${ratio(target)}`,
        holds: ofRuntime >= target,
      });
      if (concurrency === 2) {
        const tail = tailOf(latencies(turns, 'service'));
        const ofMedianTurn = median(turns.get('service')!.map(({ latenciesMs }) => tailOf(latenciesMs)));
        targets.push({
          what: `${title}, concurrency 2: p99 / p50 of the service`,
          measured: `${ratio(tail)}; median turn ${ratio(ofMedianTurn)}`,
          target: `< ${TAIL_TARGET}`,
          holds: tail < TAIL_TARGET,
        });
      }
    }
  }
  for (const contender of contenders.values()) {
    await check(bench, contender, kickable);
  }
  return {
    title: 'Callbacks',
    notes: [
      `Three contenders use one PostgreSQL, each with its own database. They warm up for ${sizes.warmUpSeconds} s and then take ${sizes.rounds} turns of ` +
        `${sizes.seconds} s each. A rate is the median of the turns, a ratio the median of the rounds. p50 and p99 cover all turns, ` +
        'including turns that other load on the machine disturbed.',
      '**service**: the service as shipped. **runtime**: a bare `node:http` server that parses the body and runs the same statement, without ' +
        'authentication, validation and log. **database**: connections that run the same statement back to back, without HTTP.',
    ],
    tables: [
      {
        columns: ['callback', 'concurrency', 'contender', ...TURN_COLUMNS],
        rows,
      },
    ],
    targets,
  };
}

async function startContenders(bench: Bench, members: number): Promise<Contenders> {
  const { postgres, resources, folder, sizes, progress } = bench;
  progress(`seeding ${SEEDED_GROUPS} groups of ${members} members`);
  await postgres.database(resources, 'callbacks');
  await seedGroups(postgres, 'callbacks', members);
  const database = (name: string) => postgres.database(resources, `callbacks_${name}`, 'callbacks');

  const load = Child.start(resources, 'load');
  const service = await Service.start(resources, {
    databaseUrl: await database('service'),
    port: sizes.port,
    folder,
  });
  const runtimePort = sizes.port + 1;
  const runtime = Child.start(resources, 'runtime-limit', [await database('runtime'), String(runtimePort)]);
  await runtime.ask({});
  const direct = Child.start(resources, 'database-limit', [await database('database')]);
  await postgres.checkpoint();
  return new Map([
    ['service', new Contender('callbacks_service', overHttp(load, service.url, service.token))],
    ['runtime', new Contender('callbacks_runtime', overHttp(load, `http://127.0.0.1:${runtimePort}`))],
    ['database', new Contender('callbacks_database', (order) => direct.ask<LoadResult>(order))],
  ]);
}

const tailOf = (latenciesMs: number[]): number =>
  percentile(latenciesMs, 0.99) / percentile(latenciesMs, 0.5);

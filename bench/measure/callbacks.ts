import type { Bench } from '../bench.js';
import { COMMANDS, type Kind, SEEDED_GROUPS } from '../bodies.js';
import { Child } from '../child.js';
import type { HttpLoadOrder } from '../load.js';
import type { LoadOrder, LoadResult } from '../load-order.js';
import { figure, ratio, type Section, type Target } from '../section.js';
import { Service } from '../service.js';
import { median, percentile } from '../statistics.js';
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

const CONTENDERS = ['service', 'runtime', 'database'] as const;
type ContenderName = (typeof CONTENDERS)[number];

/** One of the compared servers, with its own database. */
class Contender {
  /** Number of the next body of each kind. No body is sent twice. */
  private readonly next: Record<Kind, number> = { create: 0, kick: 0, setGroupInfo: 0 };

  constructor(
    readonly database: string,
    private readonly run: (order: LoadOrder) => Promise<LoadResult>,
  ) {}

  async turn(kind: Kind, concurrency: number, seconds: number): Promise<LoadResult> {
    const result = await this.run({ kind, members: MEMBERS, first: this.next[kind], concurrency, seconds });
    this.next[kind] += result.done;
    return result;
  }

  /** @throws unless every callback changed its rows and is in the log */
  async check(bench: Bench, kickable: number): Promise<void> {
    const rows = await bench.postgres.query<{ command: string; outcome: string; count: string }>(
      this.database,
      'SELECT command, outcome, count(*) FROM callback_deliveries GROUP BY 1, 2 ORDER BY 1',
    );
    const found = rows.map(({ command, outcome, count }) => `${command} ${outcome} ${count}`).join(', ');
    const expected = KINDS.map(([kind]) => `${COMMANDS[kind]} applied ${this.next[kind]}`);
    const [written] = await bench.postgres.query<{ members: string; kicked: string }>(
      this.database,
      `SELECT count(*) AS members, count(*) FILTER (WHERE left_cause = 'kicked') AS kicked FROM group_members`,
    );
    expected.push(`members ${kickable + this.next.create * MEMBERS} kicked ${this.next.kick}`);
    if (`${found}, members ${written?.members} kicked ${written?.kicked}` !== expected.join(', ')) {
      throw new Error(
        `${this.database}: expected ${expected.join(', ')}, found ${found}, ${JSON.stringify(written)}`,
      );
    }
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
      const results = await takeTurns(bench, contenders, kind, concurrency);
      const latencies = (name: ContenderName) => results[name].flatMap((result) => result.latenciesMs);
      const ofRuntime = median(ratios(results.service, results.runtime));
      const ofDatabase = median(ratios(results.service, results.database));
      for (const name of CONTENDERS) {
        rows.push([
          title,
          String(concurrency),
          name,
          figure(median(results[name].map(rate))),
          ...[0.5, 0.99].map((part) => figure(percentile(latencies(name), part))),
          name === 'service' ? '' : ratio(name === 'runtime' ? ofRuntime : ofDatabase),
          name === 'service' ? '' : spread(ratios(results.service, results[name])),
        ]);
      }
      targets.push({
        what: `${title}, concurrency ${concurrency}: service / runtime`,
        measured: ratio(ofRuntime),
        target: `>= ${ratio(target)}`,
        holds: ofRuntime >= target,
      });
      if (concurrency === 2) {
        const tail = tailOf(latencies('service'));
        const ofMedianTurn = median(results.service.map(({ latenciesMs }) => tailOf(latenciesMs)));
        targets.push({
          what: `${title}, concurrency 2: p99 / p50 of the service`,
          measured: `${ratio(tail)}; median turn ${ratio(ofMedianTurn)}`,
          target: `< ${TAIL_TARGET}`,
          holds: tail < TAIL_TARGET,
        });
      }
    }
  }
  for (const contender of Object.values(contenders)) {
    await contender.check(bench, kickable);
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
        columns: [
          'callback',
          'concurrency',
          'contender',
          'per second',
          'p50 ms',
          'p99 ms',
          'service / contender',
          'range of ratios',
        ],
        rows,
      },
    ],
    targets,
  };
}

async function startContenders(bench: Bench, members: number): Promise<Record<ContenderName, Contender>> {
  const { postgres, resources, folder, sizes, progress } = bench;
  progress(`seeding ${SEEDED_GROUPS} groups of ${members} members`);
  await postgres.database(resources, 'callbacks');
  await seedGroups(postgres, 'callbacks', members);
  const database = (name: ContenderName) => postgres.database(resources, `callbacks_${name}`, 'callbacks');

  const load = Child.start(resources, 'load');
  const overHttp = (url: string, token: string) => (order: LoadOrder) =>
    load.ask<LoadResult>({ ...order, url, token } satisfies HttpLoadOrder);

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
  return {
    service: new Contender('callbacks_service', overHttp(service.url, service.token)),
    runtime: new Contender('callbacks_runtime', overHttp(`http://127.0.0.1:${runtimePort}`, '')),
    database: new Contender('callbacks_database', (order) => direct.ask<LoadResult>(order)),
  };
}

/** Runs the contenders in turn and reverses the order each round, so that a drift of the machine affects all of them. */
async function takeTurns(
  { sizes }: Bench,
  contenders: Record<ContenderName, Contender>,
  kind: Kind,
  concurrency: number,
): Promise<Record<ContenderName, LoadResult[]>> {
  const results: Record<ContenderName, LoadResult[]> = { service: [], runtime: [], database: [] };
  for (const name of CONTENDERS) {
    await contenders[name].turn(kind, concurrency, sizes.warmUpSeconds);
  }
  for (let round = 0; round < sizes.rounds; round++) {
    for (const name of round % 2 === 0 ? CONTENDERS : CONTENDERS.toReversed()) {
      results[name].push(await contenders[name].turn(kind, concurrency, sizes.seconds));
    }
  }
  return results;
}

const tailOf = (latenciesMs: number[]): number =>
  percentile(latenciesMs, 0.99) / percentile(latenciesMs, 0.5);

const rate = ({ done, seconds }: LoadResult): number => done / seconds;

const ratios = (some: LoadResult[], others: LoadResult[]): number[] =>
  some.map((result, round) => rate(result) / rate(others[round]!));

const spread = (values: number[]): string => `${ratio(Math.min(...values))} to ${ratio(Math.max(...values))}`;

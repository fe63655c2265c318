import type { Bench } from '../bench.js';
import type { Contender } from '../contender.js';
import { startPeers } from '../peers/start-peers.js';
import { figure, ratio, type Section, type Target } from '../section.js';
import { median, percentile } from '../statistics.js';
import {
  alternate,
  type Contenders,
  latencies,
  rateRatio,
  spread,
  takeTurns,
  TURN_COLUMNS,
  turnFigures,
  type Turns,
} from '../turns.js';

const MEMBERS = 10;
const LARGEST = 100_000;
/** Minimum rate of the service relative to each peer, by concurrency. */
const RATE_TARGETS = new Map<number, Readonly<Record<string, number>>>([
  [2, { go: 1, nest: 3, bare: 0.65 }],
  [32, { go: 1, nest: 3 }],
]);
/** Peers that also create the largest groups. */
const PEERS_OF_LARGEST = ['go', 'bare'];

/** Measures creations of groups, of the service and of receivers that others would write. */
export async function measurePeers(bench: Bench): Promise<Section> {
  const { sizes } = bench;
  const { contenders, withoutGo } = await startPeers(bench);
  const rows: string[][] = [];
  const targets: Target[] = [];
  for (const [concurrency, minima] of RATE_TARGETS) {
    bench.progress(`creations of ${MEMBERS} members at concurrency ${concurrency}`);
    const turns = await takeTurns(sizes, contenders, { kind: 'create', members: MEMBERS, concurrency });
    rows.push(
      ...[...contenders.keys()].map((name) => [String(concurrency), name, ...turnFigures(turns, name)]),
    );
    targets.push(...rateTargets(turns, concurrency, minima));
    if (concurrency === 2 && turns.has('go')) {
      targets.push(latencyTarget(turns));
    }
  }
  bench.progress(`creations of ${LARGEST} members`);
  const largest = await createLargest(contenders, sizes.largeTimes);
  for (const [name, contender] of contenders) {
    await check(bench, contender, largest.has(name) ? sizes.largeTimes + 1 : 0);
  }
  return {
    title: 'Peers',
    notes: [
      `The contenders create groups of ${MEMBERS} members. They use one PostgreSQL, each with its own database, and up to 10 connections. They warm up ` +
        `for ${sizes.warmUpSeconds} s and then take ${sizes.rounds} turns of ${sizes.seconds} s each. A rate is the median of the turns, a ratio the median of the rounds.`,
      'The peers have plain tables with their primary keys, an index of the members by user and one of the log by time. They have no authentication, ' +
        'no rules for the order of callbacks and no log of changes.',
      '**service**: the service as shipped. **go**: `net/http` and pgx, a transaction of three statements (group, members, a log with the body) in ' +
        'three round trips. **nest**: Nest with a validated DTO, and the same three in `repository.save()` in a transaction. **bare**: `node:http` and ' +
        'node-postgres, one statement for group and members, without a log. All sources are in `bench/peers`.',
      ...(withoutGo ? [`**The Go receiver was not measured: ${withoutGo}.**`] : []),
      `Then creations of ${figure(LARGEST)} members run one at a time, ${sizes.largeTimes} of each contender in turn. Times are medians.`,
    ],
    tables: [
      { columns: ['concurrency', 'contender', ...TURN_COLUMNS], rows },
      {
        columns: [`creation of ${figure(LARGEST)} members`, 'ms', 'service / contender', 'range of ratios'],
        rows: [...largest.keys()].map((name) => [
          name,
          figure(median(latencies(largest, name))),
          ...(name === 'service'
            ? ['', '']
            : [ratio(median(timeRatios(largest, name))), spread(timeRatios(largest, name))]),
        ]),
      },
    ],
    targets: [...targets, ...largestTargets(largest)],
  };
}

/** Creates the largest groups in turn. The first creation of each contender does not count, because caches are cold. */
async function createLargest(contenders: Contenders, times: number): Promise<Turns> {
  const some = new Map(
    [...contenders].filter(([name]) => name === 'service' || PEERS_OF_LARGEST.includes(name)),
  );
  const order = { kind: 'create', members: LARGEST, concurrency: 1, requests: 1 } as const;
  await alternate(1, some, order);
  return alternate(times, some, order);
}

/** @throws unless the contender wrote every group with its members and its owner */
async function check(bench: Bench, { database, next }: Contender, largest: number): Promise<void> {
  const [found] = await bench.postgres.query<{ groups: string; members: string; owners: string }>(
    database,
    `SELECT (SELECT count(*) FROM groups) AS groups, count(*) AS members, count(*) FILTER (WHERE role_level = 100) AS owners
     FROM group_members`,
  );
  const groups = next.create;
  const members = (groups - largest) * MEMBERS + largest * LARGEST;
  const expected = { groups: String(groups), members: String(members), owners: String(groups) };
  if (JSON.stringify(found) !== JSON.stringify(expected)) {
    throw new Error(`${database}: expected ${JSON.stringify(expected)}, found ${JSON.stringify(found)}`);
  }
}

const rateTargets = (turns: Turns, concurrency: number, minima: Readonly<Record<string, number>>): Target[] =>
  Object.entries(minima)
    .filter(([name]) => turns.has(name))
    .map(([name, minimum]) => ({
      what: `create, ${MEMBERS} members, concurrency ${concurrency}: service / ${name}`,
      measured: ratio(rateRatio(turns, name)),
      target: `>= ${ratio(minimum)}`,
      holds: rateRatio(turns, name) >= minimum,
    }));

function latencyTarget(turns: Turns): Target {
  const [service = NaN, go = NaN] = ['service', 'go'].map((name) => percentile(latencies(turns, name), 0.5));
  return {
    what: `create, ${MEMBERS} members, concurrency 2: p50 of the service`,
    measured: `${figure(service)} ms`,
    target: `<= ${figure(go)} ms of go`,
    holds: service <= go,
  };
}

function largestTargets(turns: Turns): Target[] {
  if (!turns.has('go')) {
    return [];
  }
  const ofGo = median(timeRatios(turns, 'go'));
  return [
    {
      what: `creation of ${figure(LARGEST)} members: service / go`,
      measured: ratio(ofGo),
      target: `< ${ratio(1)}`,
      holds: ofGo < 1,
    },
  ];
}

const timeRatios = (turns: Turns, name: string): number[] =>
  latencies(turns, 'service').map((ms, round) => ms / latencies(turns, name)[round]!);

import type { Client } from 'pg';
import type { Bench } from '../bench.js';
import { memberIDs } from '../bodies.js';
import { Child } from '../child.js';
import type { HttpLoadOrder } from '../load.js';
import type { LoadOrder, LoadResult } from '../load-order.js';
import { figure, ratio, type Section } from '../section.js';
import { Service } from '../service.js';
import { median, percentile } from '../statistics.js';

const LARGEST = 100_000;
/** Number of members, and the factor on the number of measurements. */
const SIZES: readonly [number, number][] = [
  [1_000, 4],
  [10_000, 2],
  [LARGEST, 1],
];
const RATIO_TARGET = 1.6;
const TAIL_TARGET_MS = 100;
const SMALL = 10;

/** Plain statement that writes the same columns and indexes of each member as a creation. */
const PLAIN = `
  INSERT INTO group_members (group_id, user_id, role_level, left_at, left_cause, valid_from, as_of, synced_at)
  SELECT $2, user_id, 20, NULL, NULL, now(), now(), now() FROM unnest($1::text[]) AS user_id`;

type Load = (order: Omit<LoadOrder, 'kind' | 'first'>) => Promise<LoadResult>;

/** Compares creations of large groups with a plain statement for the same rows. Measures the latency of small creations beside them. */
export async function measureLarge(bench: Bench): Promise<Section> {
  const { postgres, resources, folder, sizes } = bench;
  const databaseUrl = await postgres.database(resources, 'large');
  const service = await Service.start(resources, { databaseUrl, port: sizes.port, folder });
  let next = 0;
  const loader = (): Load => {
    const child = Child.start(resources, 'load');
    return async (order) => {
      const first = (next += 1_000_000); // each order has its own range of numbers, because two loads run at once
      const { url, token } = service;
      return child.ask<LoadResult>({ ...order, kind: 'create', first, url, token } satisfies HttpLoadOrder);
    };
  };
  const [small, large] = [loader(), loader()];
  await small({ members: SMALL, concurrency: 2, seconds: sizes.warmUpSeconds });

  const client = await postgres.client(resources, 'large');
  const rows: string[][] = [];
  let ratioOfLargest = NaN;
  for (const [members, factor] of SIZES) {
    bench.progress(`creations of ${members} members`);
    const { serviceMs, plainMs, ratios } = await compare(client, large, members, sizes.largeTimes * factor);
    ratioOfLargest = median(ratios);
    rows.push([
      figure(members),
      figure(median(serviceMs)),
      figure(median(plainMs)),
      ratio(ratioOfLargest),
      `${ratio(Math.min(...ratios))} to ${ratio(Math.max(...ratios))}`,
    ]);
  }
  await checkMembers(client, sizes.largeTimes + 1);

  await postgres.checkpoint();
  bench.progress(`small creations alone, and beside creations of ${LARGEST} members`);
  const seconds = sizes.besideSeconds;
  const alone = await small({ members: SMALL, concurrency: 2, seconds });
  const [beside, larges] = await Promise.all([
    small({ members: SMALL, concurrency: 2, seconds }),
    large({ members: LARGEST, concurrency: 1, seconds }),
  ]);
  const tail = percentile(beside.latenciesMs, 0.99);
  return {
    title: 'Large groups',
    notes: [
      'Creations run one at a time. After each, the plain `INSERT INTO group_members ... SELECT ... unnest($1::text[])` writes as many rows into ' +
        'the same table. Times are medians. The service also receives and validates the list, writes the group, and keeps the body in the log.',
      `Then creations of ${SMALL} members run at concurrency 2 for ${seconds} s, first alone and then beside creations of ` +
        `${figure(LARGEST)} members, one after another (${larges.done} of them, median ${figure(median(larges.latenciesMs))} ms).`,
    ],
    tables: [
      { columns: ['members', 'service ms', 'plain ms', 'service / plain', 'range of ratios'], rows },
      {
        columns: ['small creations', 'per second', 'p50 ms', 'p99 ms', 'max ms'],
        rows: [
          ['alone', ...latencyFigures(alone)],
          ['beside large ones', ...latencyFigures(beside)],
        ],
      },
    ],
    targets: [
      {
        what: `creation of ${figure(LARGEST)} members: service / plain statement`,
        measured: ratio(ratioOfLargest),
        target: `< ${ratio(RATIO_TARGET)}`,
        holds: ratioOfLargest < RATIO_TARGET,
      },
      {
        what: `p99 of small creations beside creations of ${figure(LARGEST)} members`,
        measured: `${figure(tail)} ms`,
        target: `< ${TAIL_TARGET_MS} ms`,
        holds: tail < TAIL_TARGET_MS,
      },
    ],
  };
}

/** Measures both in turn. The first measurement of each does not count, because caches are cold. */
async function compare(client: Client, large: Load, members: number, times: number) {
  const serviceMs: number[] = [];
  const plainMs: number[] = [];
  for (let time = 0; time <= times; time++) {
    const { latenciesMs } = await large({ members, concurrency: 1, requests: 1 });
    serviceMs.push(latenciesMs[0]!);
    const users = memberIDs(time, members);
    const start = performance.now();
    await client.query(PLAIN, [users, `plain ${members} ${time}`]);
    plainMs.push(performance.now() - start);
  }
  serviceMs.shift();
  plainMs.shift();
  return { serviceMs, plainMs, ratios: serviceMs.map((ms, index) => ms / plainMs[index]!) };
}

/** @throws unless each of the largest groups has all of its members, for the service and for the plain statement */
async function checkMembers(client: Client, times: number): Promise<void> {
  const { rows } = await client.query<{ service: string; plain: string }>(
    `SELECT count(*) FILTER (WHERE group_id NOT LIKE 'plain%') AS service, count(*) FILTER (WHERE group_id LIKE 'plain%') AS plain
     FROM (SELECT group_id FROM group_members GROUP BY 1 HAVING count(*) = $1) AS whole`,
    [LARGEST],
  );
  if (Number(rows[0]?.service) !== times || Number(rows[0]?.plain) !== times) {
    throw new Error(`Expected ${times} groups of ${LARGEST} members, found ${JSON.stringify(rows[0])}`);
  }
}

const latencyFigures = ({ done, seconds, latenciesMs }: LoadResult): string[] => [
  figure(done / seconds),
  ...[0.5, 0.99, 1].map((part) => figure(percentile(latenciesMs, part))),
];

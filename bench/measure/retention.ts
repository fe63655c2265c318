import type { Client } from 'pg';
import { DataSource } from 'typeorm';
import { dataSourceOptions } from '../../src/data-source-options.js';
import { attachDay, createDay, dropPartitions, partitionOf } from '../../src/partitions/daily-partitions.js';
import { LOG_TABLES } from '../../src/partitions/log-tables.js';
import type { Bench } from '../bench.js';
import { Child } from '../child.js';
import type { HttpLoadOrder } from '../load.js';
import type { LoadResult } from '../load-order.js';
import { figure, ratio, type Section } from '../section.js';
import { Service } from '../service.js';
import { percentile } from '../statistics.js';

/** Number of days whose partitions are removed, of each table. */
const DAYS = 10;
const FIRST_DAY = Date.UTC(2024, 0, 1);
const DAY_MS = 86_400_000;
const SECONDS_TARGET = 1;
const TAIL_TARGET = 1.5;
/** Rows of each day, by the table: `$1` rows of the day that begins at `$2`. */
const ROWS: Readonly<Record<string, string>> = {
  callback_deliveries: `
    SELECT (lpad(to_hex((extract(epoch FROM $2::timestamptz) * 1000 + n % ${DAY_MS})::bigint), 12, '0') || '7' || substr(md5(n::text), 1, 19))::uuid,
      $2::timestamptz + n % ${DAY_MS} * interval '1 ms', 'callbackAfterKickGroupCommand', '', 'g' || n % 1000000, 'applied', NULL, NULL, 1, NULL, NULL
    FROM generate_series(1, $1::bigint) AS n`,
  group_changes: `
    SELECT 'g' || n % 1000000, n / 1000000, $2::timestamptz + n % ${DAY_MS} * interval '1 ms', n, '{info}', 'callback', NULL, now(), '{}', NULL
    FROM generate_series(1, $1::bigint) AS n`,
};

/** Measures how long the retention takes for many rows, and what callbacks notice of it. */
export async function measureRetention(bench: Bench): Promise<Section> {
  const { postgres, resources, folder, sizes, progress } = bench;
  const databaseUrl = await postgres.database(resources, 'retention');
  await resources.within(async (own) =>
    seed(await postgres.client(own, 'retention'), sizes.logRows, progress),
  );
  await postgres.checkpoint();

  const service = await Service.start(resources, { databaseUrl, port: sizes.port, folder });
  const load = Child.start(resources, 'load');
  let first = 0;
  const creations = (seconds: number): Promise<LoadResult> => {
    const { url, token } = service;
    const order = { kind: 'create', members: 10, concurrency: 2, seconds, first, url, token } as const;
    first += 1_000_000;
    return load.ask<LoadResult>(order satisfies HttpLoadOrder);
  };
  await creations(sizes.warmUpSeconds);
  progress('creations alone, and beside the retention');
  const seconds = sizes.besideSeconds / 2;
  const alone = await creations(seconds);
  const [beside, removalMs] = await Promise.all([creations(seconds), removeAll(databaseUrl)]);
  const again = await creations(seconds);
  const tailAlone = Math.max(...[alone, again].map(({ latenciesMs }) => percentile(latenciesMs, 0.99)));
  const tail = percentile(beside.latenciesMs, 0.99);
  return {
    title: 'Retention',
    notes: [
      `${figure(sizes.logRows)} rows of \`callback_deliveries\` and \`group_changes\` in ${2 * DAYS} partitions are past their retention. It drops ` +
        `the partitions while creations of 10 members run at concurrency 2 for ${figure(seconds)} s. The same creations run before and after it. ` +
        'Most of the time is the deletion of the files, for which PostgreSQL holds no lock.',
    ],
    tables: [
      {
        columns: ['creations', 'per second', 'p50 ms', 'p99 ms', 'max ms'],
        rows: (
          [
            ['before', alone],
            ['beside the retention', beside],
            ['after', again],
          ] as const
        ).map(([name, { done, seconds: taken, latenciesMs }]) => [
          name,
          figure(done / taken),
          ...[0.5, 0.99, 1].map((part) => figure(percentile(latenciesMs, part))),
        ]),
      },
    ],
    targets: [
      {
        what: `retention of ${figure(sizes.logRows)} rows of the logs`,
        measured: `${figure(removalMs)} ms`,
        target: `< ${SECONDS_TARGET} s`,
        holds: removalMs < SECONDS_TARGET * 1000,
      },
      {
        what: 'p99 of creations: beside the retention / the higher one of before and after',
        measured: ratio(tail / tailAlone),
        target: `<= ${ratio(TAIL_TARGET)}`,
        holds: tail / tailAlone <= TAIL_TARGET,
      },
    ],
  };
}

/** Fills partitions of old days with as many rows in both tables together. */
async function seed(client: Client, rows: number, progress: (line: string) => void): Promise<void> {
  await client.query('SET synchronous_commit = off');
  await client.query("SET maintenance_work_mem = '512MB'");
  for (const table of LOG_TABLES) {
    progress(`seeding ${rows / 2} rows of ${table.name}`);
    for (let number = 0; number < DAYS; number++) {
      const day = new Date(FIRST_DAY + number * DAY_MS);
      await client.query(createDay(table, day));
      await client.query(`INSERT INTO ${partitionOf(table, day)} ${ROWS[table.name]}`, [
        rows / 2 / DAYS,
        day,
      ]);
      await client.query(attachDay(table, day));
    }
  }
}

/** Removes all old partitions. @returns the time in ms */
async function removeAll(databaseUrl: string): Promise<number> {
  const dataSource = await new DataSource(dataSourceOptions(databaseUrl)).initialize();
  try {
    const start = performance.now();
    for (const table of LOG_TABLES) {
      await dropPartitions(dataSource, table, 1);
    }
    return performance.now() - start;
  } finally {
    await dataSource.destroy();
  }
}

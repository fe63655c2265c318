import type { Bench } from '../bench.js';
import { figure, ratio, type Section, type Target } from '../section.js';
import { Service } from '../service.js';
import { percentile } from '../statistics.js';
import { BUSIEST_USER, LARGEST_GROUP, seedMillion } from './seed-million.js';

const LIMIT = 50;
const LONGEST_LIMIT = 500;
const LISTS: readonly [string, string][] = [
  ['/admin/groups', '/groups'],
  ['/admin/groups/{groupID}/members', `/groups/${LARGEST_GROUP}/members`],
  ['/admin/users/{userID}/groups', `/users/${BUSIEST_USER}/groups`],
];
const TARGET_MS = 20;
const RATIO_TARGET = 1.5;

interface PageRead {
  readonly items: number;
  readonly nextCursor: string;
  readonly ms: number;
}

/** What staff waits for: the first page of long lists, and one far behind it. */
export async function measureAdmin(bench: Bench): Promise<Section> {
  const { postgres, resources, folder, sizes, say } = bench;
  const databaseUrl = await postgres.database(resources, 'admin');
  const start = performance.now();
  await resources.within(async (own) => seedMillion(await postgres.client(own, 'admin'), sizes, say));
  await postgres.settle();
  const seededSeconds = (performance.now() - start) / 1000;
  say(`seeded in ${figure(seededSeconds)} s`);

  const service = await Service.start(resources, { databaseUrl, port: sizes.port, folder });
  const rows: string[][] = [];
  const targets: Target[] = [];
  for (const [title, path] of LISTS) {
    say(title);
    const { first, far } = await readInTurns(service, path, sizes.page, sizes.reads);
    const farther = percentile(far, 0.5) / percentile(first, 0.5);
    const tail = Math.max(percentile(first, 0.99), percentile(far, 0.99));
    rows.push(
      [title, '1', ...[0.5, 0.99].map((part) => figure(percentile(first, part))), ''],
      [
        title,
        figure(sizes.page),
        ...[0.5, 0.99].map((part) => figure(percentile(far, part))),
        ratio(farther),
      ],
    );
    targets.push(
      {
        what: `GET ${title}: p99`,
        measured: `${figure(tail)} ms`,
        target: `< ${TARGET_MS} ms`,
        holds: tail < TARGET_MS,
      },
      {
        what: `GET ${title}: page ${figure(sizes.page)} / page 1`,
        measured: ratio(farther),
        target: `<= ${ratio(RATIO_TARGET)}`,
        holds: farther <= RATIO_TARGET,
      },
    );
  }
  return {
    title: 'Admin API',
    notes: [
      `${figure(sizes.groups)} groups with about ten members each; the list of members is that of a group of ${figure(sizes.largest)}, the list of ` +
        `a user's groups that of a user in ${figure(sizes.largest)}. Seeded in ${figure(seededSeconds)} s.`,
      `Pages of ${LIMIT}, one after another, the first and the far one in turn, ${sizes.reads} times each; the ratio is that of the medians.`,
    ],
    tables: [{ columns: ['GET', 'page', 'p50 ms', 'p99 ms', 'to page 1'], rows }],
    targets,
  };
}

async function readInTurns(service: Service, path: string, page: number, reads: number) {
  const start = `?limit=${LIMIT}`;
  const there = `${start}&cursor=${await cursorBehind(service, path, (page - 1) * LIMIT)}`;
  const first: number[] = [];
  const far: number[] = [];
  for (let read = 0; read < reads; read++) {
    first.push((await readPage(service, path + start, LIMIT)).ms);
    far.push((await readPage(service, path + there, LIMIT)).ms);
  }
  return { first, far };
}

/** Walks through a list, as a reader of it has to. */
async function cursorBehind(service: Service, path: string, items: number): Promise<string> {
  let cursor = '';
  for (let seen = 0; seen < items;) {
    const limit = Math.min(LONGEST_LIMIT, items - seen);
    const from = cursor && `&cursor=${cursor}`;
    const read = await readPage(service, `${path}?limit=${limit}${from}`, limit);
    cursor = read.nextCursor;
    seen += read.items;
  }
  return cursor;
}

/** @throws unless it is a full page, and not the last one */
async function readPage(service: Service, path: string, limit: number): Promise<PageRead> {
  const { text, ms } = await service.read(path);
  const { items, nextCursor } = JSON.parse(text) as { items: unknown[]; nextCursor: string | null };
  if (items.length !== limit || nextCursor === null) {
    throw new Error(`GET /admin${path} has ${items.length} items and the cursor ${nextCursor}`);
  }
  return { items: items.length, nextCursor, ms };
}

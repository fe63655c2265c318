import type { Bench } from '../bench.js';
import { figure, ratio, type Section, type Target } from '../section.js';
import { Service } from '../service.js';
import { percentile } from '../statistics.js';
import { BUSIEST_USER, LARGEST_GROUP, seedMillion } from './seed-million.js';

const LIMIT = 50;

interface List {
  readonly title: string;
  readonly path: string;
  /** Its rows in its order: the key that a cursor holds, and the ID that an item shows. */
  readonly rows: string;
}

const LISTS: readonly List[] = [
  {
    title: '/admin/groups',
    path: '/groups',
    rows: `SELECT json_build_array((create_time AT TIME ZONE 'UTC')::text || '+00', group_id)::text AS key, group_id AS id
      FROM groups ORDER BY create_time DESC, group_id DESC`,
  },
  {
    title: '/admin/groups/{groupID}/members',
    path: `/groups/${LARGEST_GROUP}/members`,
    rows: `SELECT json_build_array(role_level, user_id)::text AS key, user_id AS id
      FROM group_members WHERE group_id = '${LARGEST_GROUP}' AND left_at IS NULL ORDER BY role_level DESC, user_id DESC`,
  },
  {
    title: '/admin/users/{userID}/groups',
    path: `/users/${BUSIEST_USER}/groups`,
    rows: `SELECT json_build_array(group_id)::text AS key, group_id AS id
      FROM group_members WHERE user_id = '${BUSIEST_USER}' AND left_at IS NULL ORDER BY group_id`,
  },
];
const TARGET_MS = 20;
const RATIO_TARGET = 1.5;

/** What staff waits for: the first page of long lists, and one far behind it. */
export async function measureAdmin(bench: Bench): Promise<Section> {
  const { postgres, resources, folder, sizes, say } = bench;
  const databaseUrl = await postgres.database(resources, 'admin');
  const start = performance.now();
  await resources.within(async (own) => seedMillion(await postgres.client(own, 'admin'), sizes.groups, say));
  await postgres.settle();
  const seededSeconds = (performance.now() - start) / 1000;
  say(`seeded in ${figure(seededSeconds)} s`);

  const service = await Service.start(resources, { databaseUrl, port: sizes.port, folder });
  const rows: string[][] = [];
  const targets: Target[] = [];
  for (const list of LISTS) {
    const { title } = list;
    say(title);
    const { first, far } = await readInTurns(bench, service, list);
    const farther = percentile(far, 0.5) / percentile(first, 0.5);
    const tail = Math.max(percentile(first, 0.99), percentile(far, 0.99));
    rows.push(
      [title, '1', String(first.length), ...[0.5, 0.99].map((part) => figure(percentile(first, part))), ''],
      [
        title,
        figure(sizes.page),
        String(far.length),
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
      `${figure(sizes.groups)} groups with ten members on average; the list of members is that of a group with ${figure(sizes.groups)}, the list of ` +
        `a user's groups that of a user in all of them. Seeded in ${figure(seededSeconds)} s.`,
      `Pages of ${LIMIT}, one after another, the first and the far one in turn, ${sizes.reads} times each but not for longer than ` +
        `${sizes.readSeconds} s; the ratio is that of the medians.`,
    ],
    tables: [{ columns: ['GET', 'page', 'reads', 'p50 ms', 'p99 ms', 'to page 1'], rows }],
    targets,
  };
}

async function readInTurns({ postgres, sizes }: Bench, service: Service, { path, rows }: List) {
  const [last, next] = await postgres.query<{ key: string; id: string }>(
    'admin',
    `${rows} OFFSET $1 LIMIT 2`,
    [(sizes.page - 1) * LIMIT - 1],
  );
  const pageOne = `${path}?limit=${LIMIT}`;
  const farPage = `${pageOne}&cursor=${Buffer.from(last!.key).toString('base64url')}`;
  const first: number[] = [];
  const far: number[] = [];
  const end = performance.now() + sizes.readSeconds * 1000;
  for (let read = 0; read < sizes.reads && performance.now() < end; read++) {
    first.push(await readPage(service, pageOne));
    far.push(await readPage(service, farPage, next!.id));
  }
  return { first, far };
}

/**
 * Reads a page, and checks that it is a full one and not the last.
 * @param begins the ID of its first item, where it is known
 * @returns how many ms it took
 */
async function readPage(service: Service, path: string, begins?: string): Promise<number> {
  const { text, ms } = await service.read(path);
  const page = JSON.parse(text) as {
    items: { groupID?: string; userID?: string }[];
    nextCursor: string | null;
  };
  const id = page.items[0]?.groupID ?? page.items[0]?.userID;
  if (page.items.length !== LIMIT || page.nextCursor === null || id !== (begins ?? id)) {
    throw new Error(`GET /admin${path} has ${page.items.length} items from ${id} on, not ${begins}`);
  }
  return ms;
}

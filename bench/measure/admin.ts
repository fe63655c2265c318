import type { Bench } from '../bench.js';
import { figure, ratio, type Section, type Target } from '../section.js';
import { Service } from '../service.js';
import { percentile } from '../statistics.js';
import {
  BUSIEST_USER,
  groupIDOf,
  LARGEST_GROUP,
  PAST,
  PRESENT,
  seedMillion,
  userIDOf,
} from './seed-million.js';

const LIMIT = 50;

interface List {
  readonly title: string;
  readonly path: string;
  /** SQL of the rows in the order of the list: the key for the cursor, and the ID of the item. */
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
  {
    title: '/admin/groups/{groupID}/members?at=',
    path: `/groups/${LARGEST_GROUP}/members?at=${PRESENT}`,
    rows: `SELECT json_build_array(user_id)::text AS key, user_id AS id FROM group_members WHERE group_id = '${LARGEST_GROUP}' ORDER BY user_id`,
  },
  {
    title: '/admin/users/{userID}/groups?at=',
    path: `/users/${BUSIEST_USER}/groups?at=${PRESENT}`,
    rows: `SELECT json_build_array(group_id)::text AS key, group_id AS id FROM group_members WHERE user_id = '${BUSIEST_USER}' ORDER BY group_id`,
  },
];

/** Lists of ordinary groups and users at a moment before everybody joined again: they come from the periods. */
const PAST_LISTS = [
  {
    title: '/admin/groups/{groupID}/members?at=, 8 members of the past',
    pathOf: (group: number) => `/groups/${groupIDOf(group)}/members?at=${PAST}`,
  },
  {
    title: '/admin/users/{userID}/groups?at=, 8 groups of the past',
    pathOf: (group: number) => `/users/${userIDOf(group)}/groups?at=${PAST}`,
  },
];
const TARGET_MS = 20;
const RATIO_TARGET = 1.5;

/** Measures the first page and a far page of long lists. */
export async function measureAdmin(bench: Bench): Promise<Section> {
  const { postgres, resources, folder, sizes, progress } = bench;
  const databaseUrl = await postgres.database(resources, 'admin');
  const start = performance.now();
  await resources.within(async (own) =>
    seedMillion(await postgres.client(own, 'admin'), sizes.groups, progress),
  );
  await postgres.checkpoint();
  const seededSeconds = (performance.now() - start) / 1000;
  progress(`seeded in ${figure(seededSeconds)} s`);

  const service = await Service.start(resources, { databaseUrl, port: sizes.port, folder });
  const rows: string[][] = [];
  const targets: Target[] = [];
  for (const list of LISTS) {
    const { title } = list;
    progress(title);
    const { first, far } = await readInTurns(bench, service, list);
    const farRatio = percentile(far, 0.5) / percentile(first, 0.5);
    const tail = Math.max(percentile(first, 0.99), percentile(far, 0.99));
    rows.push(
      [title, '1', String(first.length), ...[0.5, 0.99].map((part) => figure(percentile(first, part))), ''],
      [
        title,
        figure(sizes.page),
        String(far.length),
        ...[0.5, 0.99].map((part) => figure(percentile(far, part))),
        ratio(farRatio),
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
        measured: ratio(farRatio),
        target: `<= ${ratio(RATIO_TARGET)}`,
        holds: farRatio <= RATIO_TARGET,
      },
    );
  }
  for (const { title, pathOf } of PAST_LISTS) {
    progress(title);
    const times: number[] = [];
    for (let read = 0; read < sizes.reads; read++) {
      const { text, ms } = await service.read(pathOf(2 + Math.floor(Math.random() * (sizes.groups - 1))));
      if ((JSON.parse(text) as { items: unknown[] }).items.length === 0) {
        throw new Error(`GET ${title} is empty: ${text}`);
      }
      times.push(ms);
    }
    const tail = percentile(times, 0.99);
    rows.push([title, '1', String(times.length), figure(percentile(times, 0.5)), figure(tail), '']);
    targets.push({
      what: `GET ${title}: p99`,
      measured: `${figure(tail)} ms`,
      target: `< ${TARGET_MS} ms`,
      holds: tail < TARGET_MS,
    });
  }
  return {
    title: 'Admin API',
    notes: [
      `${figure(sizes.groups)} groups have ten members on average, and as many periods of members. The list of members belongs to a group with ${figure(sizes.groups)} members, the ` +
        `list of groups to a user who is in all groups. The seeding took ${figure(seededSeconds)} s.`,
      `A page has ${LIMIT} items. The client reads the first and the far page in turn, ${sizes.reads} times each, for at most ` +
        `${sizes.readSeconds} s. The ratio compares the medians.`,
    ],
    tables: [{ columns: ['GET', 'page', 'reads', 'p50 ms', 'p99 ms', 'ratio to page 1'], rows }],
    targets,
  };
}

async function readInTurns({ postgres, sizes }: Bench, service: Service, { path, rows }: List) {
  const [last, next] = await postgres.query<{ key: string; id: string }>(
    'admin',
    `${rows} OFFSET $1 LIMIT 2`,
    [(sizes.page - 1) * LIMIT - 1],
  );
  const pageOne = `${path}${path.includes('?') ? '&' : '?'}limit=${LIMIT}`;
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
 * Reads a page. Checks that the page is full and has a next page.
 * @param firstID the expected ID of its first item, if known
 * @returns the duration in ms
 */
async function readPage(service: Service, path: string, firstID?: string): Promise<number> {
  const { text, ms } = await service.read(path);
  const page = JSON.parse(text) as {
    items: { groupID?: string; userID?: string }[];
    nextCursor: string | null;
  };
  const id = page.items[0]?.groupID ?? page.items[0]?.userID;
  if (page.items.length !== LIMIT || page.nextCursor === null || id !== (firstID ?? id)) {
    throw new Error(
      `GET /admin${path} has ${page.items.length} items from ${id} on; expected ${LIMIT} items from ${firstID} on and a next page`,
    );
  }
  return ms;
}

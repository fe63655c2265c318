import { setTimeout as sleep } from 'node:timers/promises';
import type { Bench } from '../bench.js';
import { Child } from '../child.js';
import type { OpenImOrder, OpenImState } from '../open-im.js';
import type { Resources } from '../resources.js';
import { figure, ratio, type Section, type Target } from '../section.js';
import { Service } from '../service.js';

const MEMBERS = 100;
/** The default of `OPENIM_MAX_RPS`, and the faster one that is measured. */
const DEFAULT_RPS = 50;
const FAST_RPS = 1000;
const RATIO_TARGET = 1.2;
const FAST_TARGET_S = 60;
const MEMORY_TARGET_MB = 250;
const POLL_MS = 100;

/** The fields of `GET /admin/reconciliation` that are read. */
interface Run {
  readonly kind: string;
  readonly startedAt: string;
  readonly endedAt: string | null;
  readonly groupsRead: number;
  readonly requests: number;
  readonly problem: string | null;
}

interface Measured {
  readonly requests: number;
  readonly seconds: number;
  readonly cpuSeconds: number;
  readonly peakMB: number | undefined;
}

/** Measures a backfill, and what a resync costs where nothing changed. */
export async function measureReconciliation(bench: Bench): Promise<Section> {
  const { resources, sizes } = bench;
  const openIm = Child.start(resources, 'open-im');
  const rows: string[][] = [];
  const measure = async (
    what: string,
    kind: 'backfill' | 'resync',
    order: OpenImOrder,
    rps: number,
  ): Promise<Measured> => {
    bench.progress(`${what} of ${order.groups} groups at ${rps} requests a second`);
    const measured = await resources.within((own) => run(bench, own, openIm, { kind, order, rps }));
    const { requests, seconds, cpuSeconds, peakMB } = measured;
    rows.push([
      what,
      figure(order.groups),
      figure(rps),
      figure(requests),
      figure(seconds),
      figure(requests / DEFAULT_RPS),
      figure(cpuSeconds),
      peakMB === undefined ? '' : figure(peakMB),
    ]);
    return measured;
  };
  const slow = await measure(
    'backfill',
    'backfill',
    { groups: sizes.slowBackfill, members: MEMBERS },
    DEFAULT_RPS,
  );
  const fast = await measure('backfill', 'backfill', { groups: sizes.backfill, members: MEMBERS }, FAST_RPS);
  for (const groups of [sizes.resync / 100, sizes.resync / 10, sizes.resync]) {
    await measure('resync at rest', 'resync', { groups, members: 1 }, FAST_RPS);
  }
  const allowed = sizes.slowBackfill / DEFAULT_RPS; // OpenIM lists the members of one group in one request
  return {
    title: 'Reconciliation',
    notes: [
      `A backfill reads groups of ${MEMBERS} members from a fake of OpenIM. A resync of groups with one member finds no change. One list of members ` +
        `is one request, so that ${DEFAULT_RPS} requests a second, the default, allow ${DEFAULT_RPS} groups a second.`,
    ],
    tables: [
      {
        columns: [
          'run',
          'groups',
          'OPENIM_MAX_RPS',
          'requests',
          'seconds',
          `seconds at ${DEFAULT_RPS} a second`,
          'processor seconds',
          'peak MB',
        ],
        rows,
      },
    ],
    targets: [
      atMost(
        `backfill of ${figure(sizes.slowBackfill)} groups at ${DEFAULT_RPS} requests a second: time / what they allow`,
        ratio,
        slow.seconds / allowed,
        RATIO_TARGET,
      ),
      atMost(
        `backfill of ${figure(sizes.backfill)} groups with ${figure(sizes.backfill * MEMBERS)} members at ${FAST_RPS} requests a second: seconds`,
        figure,
        fast.seconds,
        FAST_TARGET_S,
      ),
      ...(fast.peakMB === undefined
        ? []
        : [atMost('memory during that backfill: MB', figure, fast.peakMB, MEMORY_TARGET_MB)]),
    ],
  };
}

const atMost = (what: string, format: (value: number) => string, value: number, limit: number): Target => ({
  what,
  measured: format(value),
  target: `<= ${format(limit)}`,
  holds: value <= limit,
});

/** Runs the service until such a run has ended. */
async function run(
  { postgres, folder, sizes }: Bench,
  own: Resources,
  openIm: Child,
  { kind, order, rps }: { kind: Run['kind']; order: OpenImOrder; rps: number },
): Promise<Measured> {
  const databaseUrl = await postgres.database(own, 'reconciliation');
  if (kind === 'resync') {
    await postgres.query('reconciliation', SEED, [order.groups]);
    await postgres.query('reconciliation', BACKFILLED);
    await postgres.query('reconciliation', 'VACUUM ANALYZE');
  }
  await postgres.checkpoint();
  const { url } = await openIm.ask<OpenImState>(order);
  const service = await Service.start(own, {
    databaseUrl,
    port: sizes.port,
    folder,
    settings: {
      OPENIM_API_URL: url,
      OPENIM_SECRET: 'secret',
      OPENIM_MAX_RPS: String(rps),
      RECONCILE_INTERVAL: '10m',
    },
  });
  for (;;) {
    const { runs } = JSON.parse((await service.read('/reconciliation')).text) as { runs: Run[] };
    const ended = runs.find((one) => one.kind === kind && one.endedAt !== null && one.requests > 0);
    if (ended) {
      if (ended.problem !== null || (kind === 'backfill' && ended.groupsRead !== order.groups)) {
        throw new Error(`The ${kind} ended otherwise: ${JSON.stringify(ended)}`);
      }
      return {
        requests: ended.requests,
        seconds: (Date.parse(ended.endedAt!) - Date.parse(ended.startedAt)) / 1000,
        cpuSeconds: await service.cpuSeconds(),
        peakMB: await service.peakMB(),
      };
    }
    await sleep(POLL_MS);
  }
}

/** Groups of one member each, as a backfill leaves them. */
const SEED = `
  WITH numbers AS (
    SELECT 'g' || lpad(n::text, 9, '0') AS group_id, 'u' || lpad((n % 1048576)::text, 9, '0') AS user_id,
      '2024-01-01'::timestamptz + n * interval '1 s' AS created, 'Weekly sync ' || n AS group_name
    FROM generate_series(0, $1::bigint - 1) AS n
  ),
  seeded AS (
    INSERT INTO groups (group_id, group_name, notification, introduction, face_url, owner_user_id, create_time, member_count, ex, status,
      creator_user_id, group_type, need_verification, look_member_info, apply_member_friend, notification_update_time, notification_user_id,
      as_of, created_as_of, synced_at, verified_at, full_snapshot_at, known_since, version_id, version, revision)
    SELECT group_id, group_name, '', 'Every Monday at 10:00', '', user_id, created, 1, '', 0, user_id, 2, 0, 0, 0, 'epoch', '',
      now(), created, now(), now(), now(), now(), 'v', 1, 1
    FROM numbers
  )
  INSERT INTO group_members (group_id, user_id, role_level, valid_from, as_of, synced_at, nickname, join_source, inviter_user_id, join_time, mute_end_time)
  SELECT group_id, user_id, 100, created, now(), now(), 'User 0', 2, user_id, created, 'epoch' FROM numbers`;

const BACKFILLED = `
  INSERT INTO reconciliation_runs (id, kind, state, started_at, ended_at) VALUES (gen_random_uuid(), 'backfill', 'done', now(), now())`;

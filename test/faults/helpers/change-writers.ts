import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from 'pg';
import { POSITION } from '../../../src/changes/feed-order.js';

const GROUPS = 4000;
/** Changes of one transaction, each of another group. */
const BATCH = 50;

/** Writes a change of each of some groups, as a statement of the service does: the lock of the group's row orders them. */
const WRITE = `
  WITH locked AS (SELECT group_id FROM groups WHERE group_id = ANY ($1) ORDER BY group_id FOR UPDATE),
  written AS (
    UPDATE groups g SET revision = g.revision + 1 FROM locked WHERE g.group_id = locked.group_id RETURNING g.group_id, g.revision
  )
  INSERT INTO group_changes (group_id, revision, recorded_at, position, kinds, source, as_of, change)
  SELECT group_id, revision, clock_timestamp(), ${POSITION}, '{info}', 'callback', now(), '{"group": {"groupName": ["a", "b"]}}' FROM written`;

/** Creates the groups. */
export async function createGroups(url: string): Promise<void> {
  await withClient(url, (client) =>
    client.query(
      `INSERT INTO groups (group_id, create_time, member_count, as_of, synced_at) SELECT 'g' || n, now(), 0, now(), now() FROM generate_series(1, $1) AS n`,
      [GROUPS],
    ),
  );
}

/**
 * Writes changes by some writers at the same time, some of which sleep in their transactions.
 * @returns the last revision of each group
 */
export async function writeChanges(
  url: string,
  { changes, writers, sleepers }: { changes: number; writers: number; sleepers: number },
): Promise<Map<string, number>> {
  let remaining = changes / BATCH;
  await Promise.all(
    Array.from({ length: writers }, (_, writer) =>
      withClient(url, async (client) => {
        while (remaining > 0) {
          const first = Math.floor(Math.random() * GROUPS);
          const groups = Array.from({ length: BATCH }, (__, n) => `g${((first + n) % GROUPS) + 1}`);
          try {
            await client.query('BEGIN ISOLATION LEVEL REPEATABLE READ'); // as the service writes
            await client.query(WRITE, [groups]);
            if (writer < sleepers) {
              await sleep(Math.random() * 100);
            }
            await client.query('COMMIT');
            remaining -= 1;
          } catch (error) {
            await client.query('ROLLBACK');
            if ((error as { code?: string }).code !== '40001') {
              throw error;
            }
          }
        }
      }),
    ),
  );
  return withClient(url, async (client) => {
    const { rows } = await client.query<{ group_id: string; revision: string }>(
      'SELECT group_id, revision FROM groups',
    );
    return new Map(rows.map(({ group_id: groupID, revision }) => [groupID, Number(revision)]));
  });
}

async function withClient<T>(url: string, work: (client: Client) => Promise<T>): Promise<T> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}

/** Counts what a follower of the changes may not have: each revision may come again, after itself or a later one. */
export function faultsOf(
  received: Iterable<[groupID: string, revision: number]>,
  last: ReadonlyMap<string, number>,
): { lost: number; gaps: number; again: number } {
  const highest = new Map<string, number>();
  let gaps = 0;
  let again = 0;
  for (const [groupID, revision] of received) {
    const before = highest.get(groupID) ?? 0;
    gaps += revision > before + 1 ? 1 : 0;
    again += revision <= before ? 1 : 0;
    highest.set(groupID, Math.max(before, revision));
  }
  let lost = 0;
  last.forEach((revision, groupID) => (lost += revision - (highest.get(groupID) ?? 0)));
  return { lost, gaps, again };
}

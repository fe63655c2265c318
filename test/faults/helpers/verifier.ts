import { isDeepStrictEqual } from 'node:util';
import { Client } from 'pg';
import { type GroupState, membersOf } from './group-model.js';
import type { GroupRecord, Ledger } from './ledger.js';

/** Result of the comparison of a ledger with the database. */
export interface Verdict {
  /** Acknowledged callbacks that are not in the log as applied or unchanged. */
  missing: number;
  /** Callbacks that are in the log more than once. */
  twice: number;
  /** Groups whose rows differ from the result of the acknowledged callbacks. */
  wrong: number;
  /** Groups whose rows differ and that are marked as stale, so that reconciliation repairs them. */
  stale: number;
  /** Callbacks of fate `unknown` that the service applied. */
  doneUnknown: number;
  /** The first findings, as text. */
  findings: string[];
}

type Row = Record<string, unknown>;

const FINDINGS_SHOWN = 10;

/**
 * Compares every callback of a ledger with the log, and every group with the tables, in one snapshot. For a callback of fate
 * `unknown` the log shows whether the service applied it; the rows must agree.
 */
export async function verify(ledger: Ledger, databaseUrl: string): Promise<Verdict> {
  const { deliveries, groups, staleGroups } = await read(databaseUrl, ledger.prefix);
  const verdict: Verdict = { missing: 0, twice: 0, wrong: 0, stale: 0, doneUnknown: 0, findings: [] };
  const report = (what: 'missing' | 'twice' | 'wrong' | 'stale', detail: string): void => {
    verdict[what] += 1;
    if (verdict.findings.length < FINDINGS_SHOWN) {
      verdict.findings.push(`${what}: ${detail}`);
    }
  };
  for (const [operationID, fate] of ledger.fates) {
    const outcomes = deliveries.get(operationID) ?? [];
    verdict.doneUnknown += fate === 'unknown' && outcomes.some(isDone) ? 1 : 0;
    if (outcomes.length > 1 && (fate === 'acknowledged' || outcomes.filter(isDone).length > 1)) {
      report('twice', `${operationID}, ${fate}, is in the log as ${outcomes.join(', ')}`);
    } else if (fate === 'acknowledged' && !outcomes.some(isDone)) {
      report('missing', `${operationID} is in the log as ${outcomes.join(', ') || 'nothing'}`);
    }
  }
  for (const [groupID, record] of ledger.groups) {
    const expected = rowsOf(expectation(record, deliveries));
    const actual = groups.get(groupID) ?? null;
    if (!isDeepStrictEqual(actual, expected)) {
      report(
        staleGroups.has(groupID) ? 'stale' : 'wrong',
        `${groupID} is ${JSON.stringify(actual)} instead of ${JSON.stringify(expected)}`,
      );
    }
  }
  return verdict;
}

const isDone = (outcome: string): boolean => outcome === 'applied' || outcome === 'unchanged';

function expectation(
  { confirmed, unconfirmed }: GroupRecord,
  deliveries: Map<string, string[]>,
): GroupState | null {
  const wasDone = unconfirmed && deliveries.get(unconfirmed.operationID)?.some(isDone);
  return wasDone ? unconfirmed.after : confirmed;
}

/** Converts the model to the form of the rows of `read`. */
function rowsOf(group: GroupState | null): object | null {
  return (
    group && {
      groupName: group.groupName,
      introduction: group.introduction,
      ownerUserID: group.ownerUserID,
      status: group.status,
      memberCount: membersOf(group).length,
      members: Object.fromEntries(
        Array.from(group.members, ([userID, { roleLevel, leftCause }]) => [
          userID,
          `${roleLevel} ${leftCause ?? 'in'}`,
        ]),
      ),
    }
  );
}

async function read(databaseUrl: string, prefix: string) {
  const client = new Client({ connectionString: databaseUrl });
  await client.connect();
  try {
    await client.query('BEGIN ISOLATION LEVEL REPEATABLE READ');
    const rows = async (sql: string): Promise<Row[]> => (await client.query<Row>(sql, [prefix])).rows;
    const logged = await rows(
      'SELECT operation_id, outcome FROM callback_deliveries WHERE starts_with(operation_id, $1)',
    );
    const groupRows = await rows('SELECT * FROM groups WHERE starts_with(group_id, $1)');
    const memberRows = await rows('SELECT * FROM group_members WHERE starts_with(group_id, $1)');
    const deliveries = new Map<string, string[]>();
    for (const row of logged) {
      const operationID = String(row['operation_id']);
      deliveries.set(operationID, [...(deliveries.get(operationID) ?? []), String(row['outcome'])]);
    }
    const members = new Map<unknown, Record<string, string>>();
    for (const row of memberRows) {
      const ofGroup = members.get(row['group_id']) ?? {};
      ofGroup[String(row['user_id'])] =
        `${String(row['role_level'])} ${row['left_at'] === null ? 'in' : String(row['left_cause'])}`;
      members.set(row['group_id'], ofGroup);
    }
    const groups = new Map<string, object>(
      groupRows.map((row) => [
        String(row['group_id']),
        {
          groupName: row['group_name'],
          introduction: row['introduction'],
          ownerUserID: row['owner_user_id'],
          status: row['status'],
          memberCount: Number(row['member_count']),
          members: members.get(row['group_id']) ?? {},
        },
      ]),
    );
    const staleGroups = new Set(
      groupRows.filter((row) => row['stale_since'] !== null).map((row) => row['group_id']),
    );
    return { deliveries, groups, staleGroups };
  } finally {
    await client.end();
  }
}

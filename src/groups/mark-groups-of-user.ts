import type { PreparedStatement } from '../postgres/prepared-statement.js';
import {
  BATCH_GROUPS,
  LIST_GROUPS_OF_USER,
  MARK_GROUP,
  MARK_GROUPS,
} from './statements/mark-groups-of-user.js';

/** Runs a statement in a transaction of its own. */
type Run = <Row extends object>(statement: PreparedStatement, parameters: unknown[]) => Promise<Row[]>;

interface Batch {
  now: Date;
  groupIDs: string[];
}

/**
 * Marks each group of a user stale: in batches that are committed one after the other, then one by one those whose rows other sessions
 * had locked. Run again after a failure, it marks the rest.
 * @param receivedAt when the user changed; undefined: now
 * @returns whether the user is in a group
 * @throws the driver's error, such as a lock timeout; all other groups are marked then
 */
export async function markGroupsOfUser(run: Run, userID: string, receivedAt?: Date): Promise<boolean> {
  const batchAfter = async (groupID: string): Promise<Batch> => {
    const [batch] = await run<Batch>(LIST_GROUPS_OF_USER, [userID, groupID]);
    return batch!;
  };
  const mark = async (groupIDs: string[], asOf: Date): Promise<string[]> => {
    const locked = await run<{ groupID: string }>(MARK_GROUPS, [groupIDs, asOf]);
    return locked.map(({ groupID }) => groupID);
  };
  let batch = await batchAfter('');
  const asOf = receivedAt ?? batch.now;
  const isMember = batch.groupIDs.length > 0;
  const locked = await mark(batch.groupIDs, asOf);
  while (batch.groupIDs.length === BATCH_GROUPS) {
    batch = await batchAfter(batch.groupIDs.at(-1)!);
    locked.push(...(await mark(batch.groupIDs, asOf)));
  }
  for (const groupID of await mark(locked, asOf)) {
    await run(MARK_GROUP, [groupID, asOf]);
  }
  return isMember;
}

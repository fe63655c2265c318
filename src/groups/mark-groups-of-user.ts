import type { PreparedStatement } from '../postgres/prepared-statement.js';
import { GROUPS_OF_USER, MARK_GROUP, MARK_GROUPS, PIECE } from './statements/mark-groups-of-user.js';

/** Runs a statement in a transaction of its own. */
type Run = <Row extends object>(statement: PreparedStatement, parameters: unknown[]) => Promise<Row[]>;

interface Piece {
  now: Date;
  groupIDs: string[];
}

/**
 * Marks each group that a user is in: pieces that are committed one after the other, and last, one by one, those groups whose rows
 * others have locked. Done again, it marks what is left.
 * @param receivedAt when the user changed; undefined: now
 * @returns whether the user is in a group
 * @throws the driver's error, such as that somebody holds a row for too long; all others are marked then
 */
export async function markGroupsOfUser(run: Run, userID: string, receivedAt?: Date): Promise<boolean> {
  const pieceAfter = async (groupID: string): Promise<Piece> => {
    const [piece] = await run<Piece>({ name: 'groupsOfUser', text: GROUPS_OF_USER }, [userID, groupID]);
    return piece!;
  };
  const mark = async (groupIDs: string[], asOf: Date): Promise<string[]> => {
    const locked = await run<{ groupID: string }>({ name: 'markGroups', text: MARK_GROUPS }, [
      groupIDs,
      asOf,
    ]);
    return locked.map(({ groupID }) => groupID);
  };
  let piece = await pieceAfter('');
  const asOf = receivedAt ?? piece.now;
  const isMember = piece.groupIDs.length > 0;
  const locked = await mark(piece.groupIDs, asOf);
  while (piece.groupIDs.length === PIECE) {
    piece = await pieceAfter(piece.groupIDs.at(-1)!);
    locked.push(...(await mark(piece.groupIDs, asOf)));
  }
  for (const groupID of await mark(locked, asOf)) {
    await run({ name: 'markGroup', text: MARK_GROUP }, [groupID, asOf]);
  }
  return isMember;
}

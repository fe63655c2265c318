import type { PreparedStatement } from '../../postgres/prepared-statement.js';

/** Locks the row of group $1 until the end of the transaction. */
export const LOCK_GROUP: PreparedStatement = {
  name: 'lockGroup',
  text: `
  SELECT FROM groups WHERE group_id = $1 FOR NO KEY UPDATE`,
};

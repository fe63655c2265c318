/**
 * The key of callbacks that wait for each other in the journal: those of one group, or those of one user. No groupID begins with U+0000,
 * which PostgreSQL cannot hold.
 */
export const orderingKeyOf = (groupID: string, userID = ''): string => groupID || `\0${userID}`;

/** The group whose key it is; null for that of a user. */
export const groupOf = (orderingKey: string): string | null =>
  orderingKey.startsWith('\0') ? null : orderingKey;

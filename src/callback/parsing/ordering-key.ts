/**
 * Returns the key of callbacks that are applied one after another: the groupID, or a key of the user for a callback without a group.
 * The latter begins with U+0000. No groupID does, since PostgreSQL cannot store it.
 */
export const orderingKeyOf = (groupID: string, userID = ''): string => groupID || `\0${userID}`;

/** Returns the group of an ordering key; null for the key of a user. */
export const groupIDOf = (orderingKey: string): string | null =>
  orderingKey.startsWith('\0') ? null : orderingKey;

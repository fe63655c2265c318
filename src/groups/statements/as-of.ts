/**
 * The ordering rule of every write: a change overwrites a row unless the row is true as of a later time.
 *
 * Where PostgreSQL's clock was set back, or another server took over, rows may be true as of a time ahead of the clock. Such a time
 * says nothing about the order of changes. The three kinds of change differ in that case only.
 */
type OrderingRule = (rowAsOf: string, changeAsOf: string) => string;

/** Whether a time lies ahead of PostgreSQL's clock. */
export const isAheadOfClock = (time: string): string => `(${time} > clock_timestamp())`;

const overwrites = (rowAsOf: string, changeAsOf: string, ...exceptions: string[]): string =>
  `(${[...exceptions, `${rowAsOf} <= ${changeAsOf}`].join(' OR ')})`;

/** A callback that arrives now ($3 is null) is always the latest. A replayed one is compared. */
export const callbackOverwrites: OrderingRule = (row, change) =>
  overwrites(row, change, '$3::timestamptz IS NULL');

/** A creation is true as of its createTime, however late it arrives. */
export const creationOverwrites: OrderingRule = (row, change) => overwrites(row, change);

/** A snapshot is the truth of OpenIM: rows ahead of the clock do not withstand it. */
export const snapshotOverwrites: OrderingRule = (row, change) => overwrites(row, change, isAheadOfClock(row));

/**
 * Assigns a column of `groups AS g` in ON CONFLICT DO UPDATE: the value of the change where it overwrites, else the value of the row; where
 * one of them is NULL, the other.
 */
export const mergedColumn = (column: string, isOverwritten: string): string =>
  `${column} = CASE WHEN ${isOverwritten}
        THEN coalesce(excluded.${column}, g.${column}) ELSE coalesce(g.${column}, excluded.${column}) END`;

/** The later of the row's `as_of` and that of the change; that of the change where the row's lies ahead of the clock. */
export const mergedAsOf = (row: 'g' | 'm'): string =>
  `CASE WHEN ${isAheadOfClock(`${row}.as_of`)} THEN excluded.as_of ELSE greatest(${row}.as_of, excluded.as_of) END`;

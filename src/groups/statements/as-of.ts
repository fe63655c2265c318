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

/** The value of the change where it overwrites the row, else the value of the row; where one of them is NULL, the other. */
export const mergedValue = (row: string, change: string, isOverwritten: string): string =>
  `CASE WHEN ${isOverwritten} THEN coalesce(${change}, ${row}) ELSE coalesce(${row}, ${change}) END`;

const merged = (column: string, isOverwritten: string): string =>
  mergedValue(`g.${column}`, `excluded.${column}`, isOverwritten);

/** For ON CONFLICT DO UPDATE of `groups AS g`: assigns columns by the ordering rule. */
export const mergedColumns = (columns: readonly string[], isOverwritten: string): string =>
  columns.map((column) => `${column} = ${merged(column, isOverwritten)}`).join(',\n      ');

/** Whether `mergedColumns` changes one of the columns. */
export const mergeChanges = (columns: readonly string[], isOverwritten: string): string =>
  `((${columns.map((column) => `g.${column}`).join(', ')}) IS DISTINCT FROM (${columns.map((column) => merged(column, isOverwritten)).join(',\n        ')}))`;

/** The later of the row's `as_of` and that of the change; that of the change where the row's lies ahead of the clock. */
export const mergedAsOf = (row: 'g' | 'm' | 'known', change = 'excluded'): string =>
  `CASE WHEN ${isAheadOfClock(`${row}.as_of`)} THEN ${change}.as_of ELSE greatest(${row}.as_of, ${change}.as_of) END`;

import type { Config } from '../config/config.js';

/**
 * A table that is a log. It has a partition for each day in UTC, `TABLE_20260131`, so that old days are dropped and not deleted row by row, and
 * `TABLE_default` for rows of days without one.
 */
export interface LogTable {
  readonly name: string;
  /** The column with the time of a row. */
  readonly time: string;
  /** The first value of a day in the column by which the table is partitioned. */
  readonly firstOf: (day: Date) => string;
  /** Number of days for which its rows are kept. */
  readonly retentionDays: (config: Config) => number;
  /** A statement that runs in the transaction that removes the rows of a table or CTE. */
  readonly onRemoval?: (rows: string) => string;
}

/** The first UUID of version 7 of a day: it begins with the ms since 1970 (RFC 9562, section 5.7). */
function firstUuidOf(day: Date): string {
  const hex = day.getTime().toString(16).padStart(12, '0');
  return `${hex.slice(0, 8)}-${hex.slice(8)}-0000-0000-000000000000`;
}

/** The ids of deliveries are unique over all days: a table is partitioned by its primary key. */
export const LOG_TABLES: readonly LogTable[] = [
  {
    name: 'callback_deliveries',
    time: 'received_at',
    firstOf: firstUuidOf,
    retentionDays: ({ DELIVERY_RETENTION_DAYS: days }) => days,
  },
  {
    name: 'group_changes',
    time: 'recorded_at',
    firstOf: (day) => day.toISOString(),
    retentionDays: ({ CHANGE_RETENTION_DAYS: days }) => days,
    onRemoval: (rows) => `
      UPDATE change_feed SET removed_position = greatest(removed_position, (SELECT max(position) FROM ${rows}))`,
  },
];

import { setTimeout as sleep } from 'node:timers/promises';
import type { DataSource, EntityManager } from 'typeorm';
import { RETENTION } from '../postgres/advisory-locks.js';
import { isCheckViolation, isLockTimeout } from '../postgres/errors.js';
import { LOG_TABLES, type LogTable } from './log-tables.js';

const DAY_MS = 86_400_000;
/** Number of days from today that have a partition. They are created each hour. */
const DAYS_AHEAD = 3;
/**
 * Time for which a change of partitions waits for its locks, in ms: callbacks wait behind it. It is tried again after a pause, and then with
 * the next hour.
 */
const LOCK_TIMEOUT_MS = 50;
/**
 * Time for which a removal waits for the old partition alone, in ms: PostgreSQL ends an autovacuum of it after `deadlock_timeout` (1 s), and
 * callbacks do not use it.
 */
const OLD_LOCK_TIMEOUT_MS = 1500;
const ATTEMPTS = 20;
const PAUSE_MS = 250;

const PARTITIONS = `
  SELECT c.relname AS name FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid WHERE i.inhparent = $1::regclass`;

const dayOf = (time: Date): Date => new Date(Math.floor(time.getTime() / DAY_MS) * DAY_MS);
const addDays = (day: Date, days: number): Date => new Date(day.getTime() + days * DAY_MS);
const suffixOf = (day: Date): string => day.toISOString().slice(0, 10).replaceAll('-', '');

/** The name of the partition of a day. */
export const partitionOf = (table: LogTable, day: Date): string => `${table.name}_${suffixOf(day)}`;

/** SQL that creates a table for the rows of a day, which is not a partition yet. */
export const createDay = (table: LogTable, day: Date): string =>
  `CREATE TABLE ${partitionOf(table, day)} (LIKE ${table.name} INCLUDING DEFAULTS)`;

/** SQL that makes the table of a day a partition. */
export const attachDay = (table: LogTable, day: Date): string =>
  `ALTER TABLE ${table.name} ATTACH PARTITION ${partitionOf(table, day)}
   FOR VALUES FROM ('${table.firstOf(day)}') TO ('${table.firstOf(addDays(day, 1))}')`;

/**
 * Creates the partitions of today and of the next two days, but for a day of which the default partition has rows: it has the others too then.
 * @throws the driver's error, such as where the role may not create tables: the rows then go to the default partition
 */
export async function createPartitions(dataSource: DataSource): Promise<void> {
  for (const table of LOG_TABLES) {
    const existing = await partitionsOf(dataSource, table);
    const today = dayOf(await now(dataSource));
    for (let ahead = 0; ahead < DAYS_AHEAD; ahead += 1) {
      const day = addDays(today, ahead);
      const partition = partitionOf(table, day);
      if (!existing.includes(partition)) {
        await changePartitions(dataSource, async (manager) => {
          const [{ exists }] = await manager.query<[{ exists: boolean }]>(
            'SELECT to_regclass($1) IS NOT NULL AS exists',
            [partition],
          );
          if (exists) {
            return; // another replica was faster
          }
          await manager.query(createDay(table, day));
          await manager.query(attachDay(table, day));
        }).catch((error: unknown) => {
          if (!isCheckViolation(error)) {
            throw error;
          }
        });
      }
    }
  }
}

/**
 * Drops the partitions of a table that ended more than some days ago.
 * @throws the driver's error, also where the lock could not be taken in 20 attempts
 */
export async function dropPartitions(dataSource: DataSource, table: LogTable, days: number): Promise<void> {
  const oldest = partitionOf(table, addDays(dayOf(await now(dataSource)), -days));
  for (const partition of await partitionsOf(dataSource, table)) {
    if (/_\d{8}$/.test(partition) && partition < oldest) {
      await changePartitions(dataSource, async (manager) => {
        await manager.query(`SET LOCAL lock_timeout = ${OLD_LOCK_TIMEOUT_MS}`);
        await manager.query(`LOCK TABLE ${partition} IN ACCESS EXCLUSIVE MODE`);
        await manager.query(`SET LOCAL lock_timeout = ${LOCK_TIMEOUT_MS}`);
        if (table.onRemoval) {
          await manager.query(table.onRemoval(partition));
        }
        await manager.query(`DROP TABLE ${partition}`);
      });
    }
  }
}

async function partitionsOf(dataSource: DataSource, { name }: LogTable): Promise<string[]> {
  const rows = await dataSource.query<{ name: string }[]>(PARTITIONS, [name]);
  return rows.map((row) => row.name);
}

async function now(dataSource: DataSource): Promise<Date> {
  const [{ time }] = await dataSource.query<[{ time: Date }]>('SELECT clock_timestamp() AS time');
  return time;
}

/** Changes partitions in one transaction, one replica at a time. Leaves it to another replica that has the lock. */
async function changePartitions(
  dataSource: DataSource,
  change: (manager: EntityManager) => Promise<unknown>,
): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      await dataSource.transaction(async (manager) => {
        const [{ locked }] = await manager.query<[{ locked: boolean }]>(
          'SELECT pg_try_advisory_xact_lock($1) AS locked',
          [RETENTION],
        );
        if (locked) {
          await manager.query(`SET LOCAL lock_timeout = ${LOCK_TIMEOUT_MS}`);
          await change(manager);
        }
      });
      return;
    } catch (error) {
      if (!isLockTimeout(error) || attempt === ATTEMPTS) {
        throw error;
      }
      await sleep(PAUSE_MS * (1 + Math.random()));
    }
  }
}

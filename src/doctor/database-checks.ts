import { setTimeout as sleep } from 'node:timers/promises';
import type { DataSource } from 'typeorm';
import { error, type Finding, ok } from './finding.js';

/** How often the log is read for the callback of doctor, and the delay between two reads, in ms. */
const READS = 10;
const READ_MS = 200;

/** Formats a number of things, such as "1 group" and "2 groups". */
export const count = (number: number, thing: string): string =>
  `${number} ${thing}${number === 1 ? '' : 's'}`;

/** Counts the rows of a database that is migrated. */
export async function checkDatabase(dataSource: DataSource): Promise<Finding> {
  const [{ version, groups, members }] = await dataSource.query<
    [{ version: string; groups: number; members: number }]
  >(`SELECT current_setting('server_version') AS version, (SELECT count(*) FROM groups)::float8 AS groups,
      coalesce((SELECT sum(member_count) FROM groups), 0)::float8 AS members`);
  return ok(
    `The database is migrated (PostgreSQL ${version}): ${count(groups, 'group')}, ${count(members, 'member')}`,
  );
}

/** Checks that an answered callback is in the log of this database. */
export async function checkDelivery(dataSource: DataSource, operationID: string): Promise<Finding> {
  for (let read = 0; read < READS; read += 1) {
    const rows = await dataSource.query<unknown[]>(
      "SELECT FROM callback_deliveries WHERE received_at > now() - interval '1 minute' AND operation_id = $1",
      [operationID],
    );
    if (rows.length > 0) {
      return ok('The callback arrived in this database');
    }
    await sleep(READ_MS);
  }
  return error(
    'The callback did not arrive in this database',
    'Compare DATABASE_URL: the service at that address uses another database, or its journal waits for PostgreSQL',
  );
}

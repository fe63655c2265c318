import { setTimeout as sleep } from 'node:timers/promises';
import type { DataSource } from 'typeorm';
import type { Config } from '../config/config.js';
import { error, type Finding, ok, warning } from './finding.js';

/** Age of the last mirrored callback from which it is a warning, in ms. */
const SILENCE_MS = 86_400_000;
/** Difference of the clocks from which it is a warning, in ms: a creation may then seem later than the callbacks that follow it. */
const CLOCK_MS = 5000;
/** How often the log is read for the callback of doctor, and the delay between two reads, in ms. */
const READS = 10;
const READ_MS = 200;
const MIRRORED = "outcome IN ('applied', 'unchanged')";

/** Counts the rows of the database. The command ends before this check where the database cannot be used or is not migrated. */
export async function checkDatabase(dataSource: DataSource): Promise<Finding> {
  const [{ version, groups, members }] = await dataSource.query<
    [{ version: string; groups: number; members: number }]
  >(`SELECT current_setting('server_version') AS version, (SELECT count(*) FROM groups)::float8 AS groups,
      coalesce((SELECT sum(member_count) FROM groups), 0)::float8 AS members`);
  return ok(`The database is migrated (PostgreSQL ${version}): ${groups} groups, ${members} members`);
}

/** Compares the clocks of PostgreSQL and OpenIM. */
export async function checkClock(dataSource: DataSource, config: Config): Promise<Finding> {
  if (config.OPENIM_API_URL === undefined) {
    return warning(
      'The clock of OpenIM is unknown without OPENIM_API_URL',
      'Set OPENIM_API_URL, or compare the clocks of both machines yourself',
    );
  }
  const answer = await fetch(config.OPENIM_API_URL, { signal: AbortSignal.timeout(CLOCK_MS) }).catch(
    () => undefined,
  );
  const openIm = Date.parse(answer?.headers.get('date') ?? '');
  const [{ now }] = await dataSource.query<[{ now: Date }]>('SELECT clock_timestamp() AS now');
  if (Number.isNaN(openIm)) {
    return warning(
      'The clock of OpenIM cannot be read: its answer has no header Date',
      'Compare the clocks of both machines yourself',
    );
  }
  const difference = Math.abs(now.getTime() - openIm);
  return difference <= CLOCK_MS
    ? ok('The clocks of OpenIM and PostgreSQL agree')
    : warning(
        `The clocks of OpenIM and PostgreSQL differ by ${Math.round(difference / 1000)} s`,
        'Let both machines follow the same time server (NTP)',
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
    'Compare DATABASE_URL: the service at that address uses another database',
  );
}

/** Checks when OpenIM sent the last callback. */
export async function checkLastCallback(dataSource: DataSource): Promise<Finding> {
  const [{ last, now }] = await dataSource.query<[{ last: Date | null; now: Date }]>(
    `SELECT now() AS now, (SELECT max(received_at) FROM callback_deliveries WHERE ${MIRRORED}) AS last`,
  );
  const action =
    'Check that each after... callback is enabled in webhooks.yml (they are off as shipped; `npm run cli -- webhooks-yml` prints them), that ' +
    'the file is mounted where OpenIM reads it, and that openim-rpc-group was restarted since. Its log says "webhook" for each call';
  if (last === null) {
    return error('No callback of OpenIM has arrived yet', action);
  }
  const message = `The last callback of OpenIM arrived at ${last.toISOString()}`;
  return now.getTime() - last.getTime() > SILENCE_MS ? warning(message, action) : ok(message);
}

import { setTimeout as sleep } from 'node:timers/promises';
import { DataSource } from 'typeorm';
import type { Context } from '../context/context.js';
import type { Finding } from './finding.js';

/** A callback that moves nothing for so long is worth a look, in ms. */
const SILENCE_MS = 86_400_000;
/** Clocks that differ by more make a creation look later than what followed it, in ms. */
const CLOCK_MS = 5000;
const MIRRORED = "outcome IN ('applied', 'unchanged')";

/** The database can be used, and is migrated: the command would not have come so far. */
export async function checkDatabase({ app }: Context): Promise<Finding> {
  const [{ version, groups, members }] = await app.get(DataSource).query<
    [{ version: string; groups: number; members: number }]
  >(`SELECT current_setting('server_version') AS version, (SELECT count(*) FROM groups)::float8 AS groups,
      coalesce((SELECT sum(member_count) FROM groups), 0)::float8 AS members`);
  return {
    is: 'well',
    what: `The database is there and migrated (PostgreSQL ${version}): ${groups} groups, ${members} members`,
  };
}

/** Whether PostgreSQL's clock and OpenIM's show the same time. */
export async function checkClock({ app, config }: Context): Promise<Finding> {
  if (config.OPENIM_API_URL === undefined) {
    return { is: 'doubtful', what: 'The clock of OpenIM is not known without OPENIM_API_URL' };
  }
  const answer = await fetch(config.OPENIM_API_URL, { signal: AbortSignal.timeout(CLOCK_MS) }).catch(
    () => undefined,
  );
  const there = Date.parse(answer?.headers.get('date') ?? '');
  const [{ now }] = await app.get(DataSource).query<[{ now: Date }]>('SELECT clock_timestamp() AS now');
  if (Number.isNaN(there)) {
    return { is: 'doubtful', what: 'The clock of OpenIM could not be read' };
  }
  const difference = Math.abs(now.getTime() - there);
  return difference <= CLOCK_MS
    ? { is: 'well', what: 'The clocks of OpenIM and PostgreSQL agree' }
    : {
        is: 'doubtful',
        what: `The clocks of OpenIM and PostgreSQL differ by ${Math.round(difference / 1000)} s`,
        advice: 'Let both machines follow the same time server (NTP)',
      };
}

/** Whether a callback that was answered is in this database's log. */
export async function checkDelivery({ app }: Context, operationID: string): Promise<Finding> {
  for (let tries = 0; tries < 10; tries += 1) {
    const rows = await app
      .get(DataSource)
      .query<unknown[]>(
        "SELECT FROM callback_deliveries WHERE received_at > now() - interval '1 minute' AND operation_id = $1",
        [operationID],
      );
    if (rows.length > 0) {
      return { is: 'well', what: 'It arrived in this database' };
    }
    await sleep(200);
  }
  return {
    is: 'wrong',
    what: 'It did not arrive in this database',
    advice: 'The service at that address uses another database. Is DATABASE_URL the same?',
  };
}

/** Whether OpenIM calls at all. */
export async function checkCallbacksCame({ app }: Context): Promise<Finding> {
  const [{ last, now }] = await app
    .get(DataSource)
    .query<[{ last: Date | null; now: Date }]>(
      `SELECT now() AS now, (SELECT max(received_at) FROM callback_deliveries WHERE ${MIRRORED}) AS last`,
    );
  const advice =
    'Is each after... callback enabled in webhooks.yml (they are off as shipped; `npm run cli -- webhooks-yml` prints them), is the ' +
    'file mounted where OpenIM reads it, and was openim-rpc-group restarted since? Its log says "webhook" for each call';
  if (last === null) {
    return { is: 'wrong', what: 'No callback of OpenIM has come yet', advice };
  }
  return now.getTime() - last.getTime() > SILENCE_MS
    ? { is: 'doubtful', what: `The last callback of OpenIM came at ${last.toISOString()}`, advice }
    : { is: 'well', what: `The last callback of OpenIM came at ${last.toISOString()}` };
}

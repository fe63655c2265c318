import type { DataSource } from 'typeorm';
import type { HooksService } from '../hooks/hooks.service.js';
import { count } from './database-checks.js';
import { error, type Finding, ok, warning } from './finding.js';
import { beforeIsOn } from './webhooks-check.js';

/** Age of the last mirrored callback from which it is a warning, in ms. */
const SILENCE_MS = 86_400_000;

const HOOKS =
  'Check that each after... callback is enabled in webhooks.yml (they are off as shipped; `npm run cli -- webhooks-yml` prints them), that ' +
  'the file is mounted where OpenIM reads it, and that openim-rpc-group was restarted since. doctor --probe shows which ones come';

/** Age of the last callback before an act from which it may have been mended, in ms. */
const RECENT_MS = 600_000;

interface LastReceived {
  readonly now: Date;
  readonly mirrored: Date | null;
  readonly refused: Date | null;
  readonly problems: string | null;
}

const LAST_RECEIVED = `
  SELECT now() AS now, refused.received_at AS refused, refused.problems,
    (SELECT max(received_at) FROM callback_deliveries WHERE outcome IN ('applied', 'unchanged')) AS mirrored
  FROM (SELECT) AS one LEFT JOIN LATERAL (
    SELECT received_at, problems FROM callback_deliveries WHERE outcome IN ('rejected', 'failed') ORDER BY received_at DESC LIMIT 1
  ) AS refused ON true`;

/** Checks when OpenIM sent the last callback, and whether the service could write it. */
export async function checkLastCallback(dataSource: DataSource): Promise<Finding> {
  const [{ now, mirrored, refused, problems }] = await dataSource.query<[LastReceived]>(LAST_RECEIVED);
  if (refused && (!mirrored || refused > mirrored)) {
    const what = `Callbacks of OpenIM arrive, but the last one, of ${refused.toISOString()}, was not written: ${problems}`;
    const action =
      'Read GET /admin/deliveries?outcome=rejected and ?outcome=failed; replay them after the cause is removed';
    return mirrored ? warning(what, action) : error(what, action);
  }
  if (!mirrored) {
    return warning('No callback of OpenIM has arrived yet', HOOKS);
  }
  const message = `The last callback of OpenIM arrived at ${mirrored.toISOString()}`;
  return now.getTime() - mirrored.getTime() > SILENCE_MS ? warning(message, HOOKS) : ok(message);
}

/** Finds the commands of OpenIM that ask before users act, of the last day. */
export async function checkBeforeCallbacks(hooks: HooksService): Promise<Finding[]> {
  const all = await hooks.readBefore();
  if (all.length === 0) {
    return [];
  }
  const last = Math.max(...all.map(({ receivedAt }) => receivedAt.getTime()));
  const names = all.map(({ command }) => command).join(', ');
  return Date.now() - last > RECENT_MS
    ? [
        warning(
          `Today OpenIM called this service before users act, last at ${new Date(last).toISOString()}: ${names}`,
          'If you have not mended it since: set enable: false in each before... line of webhooks.yml, and restart openim-rpc-group',
        ),
      ]
    : [beforeIsOn(names)];
}

/** Checks whether the reconciliation of the last day found changes for which no callback came. */
export async function checkLostCallbacks(hooks: HooksService): Promise<Finding> {
  const all = await hooks.readLost();
  if (all.length === 0) {
    return ok('The reconciliation of the last day found no lost callback');
  }
  const total = all.reduce((sum, { lost }) => sum + lost, 0);
  const lines = all.map(
    (one) => `${one.lost} of ${one.hooks.join(' and ')} (${one.arrived === 0 ? 'none' : one.arrived} came)`,
  );
  return error(
    `The reconciliation of the last day found ${count(total, 'lost callback')}: ${lines.join('; ')}`,
    'Check that these lines are enabled in webhooks.yml, and that OpenIM reaches the service. The rows are right again: they were reconciled. What you have mended since is said for a day',
  );
}

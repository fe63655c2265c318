import type { DataSource } from 'typeorm';
import type { Config } from '../config/config.js';
import { CLOCK_DIFFERENCE_MS } from '../openim/timing.js';
import { type Finding, ok, skipped, warning } from './finding.js';

/** Time limit of the request, in ms. */
const TIMEOUT_MS = 2000;

/** Compares the clocks of PostgreSQL and OpenIM. */
export async function checkClock(dataSource: DataSource, config: Config): Promise<Finding> {
  if (config.OPENIM_API_URL === undefined) {
    return skipped(
      'The clock of OpenIM is not known without OPENIM_API_URL',
      'Set OPENIM_API_URL, or compare the clocks of both machines yourself',
    );
  }
  const answer = await fetch(config.OPENIM_API_URL, { signal: AbortSignal.timeout(TIMEOUT_MS) }).catch(
    () => undefined,
  );
  const openIm = Date.parse(answer?.headers.get('date') ?? '');
  const [{ now }] = await dataSource.query<[{ now: Date }]>('SELECT clock_timestamp() AS now');
  if (Number.isNaN(openIm)) {
    return skipped(
      'The clock of OpenIM cannot be read: its answer has no header Date',
      'Compare the clocks of both machines yourself',
    );
  }
  const difference = Math.abs(now.getTime() - openIm);
  return difference <= CLOCK_DIFFERENCE_MS
    ? ok('The clocks of OpenIM and PostgreSQL agree')
    : warning(
        `The clocks of OpenIM and PostgreSQL differ by ${Math.round(difference / 1000)} s`,
        'Let both machines follow the same time server (NTP)',
      );
}

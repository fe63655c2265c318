import type { DataSource } from 'typeorm';
import type { Config } from '../config/config.js';
import { checkCallbackUrl } from './callback-url.js';
import { checkClock, checkDatabase, checkDelivery, checkLastCallback } from './database.js';
import { error, type Finding } from './finding.js';
import { checkOpenIm } from './openim.js';

/** What doctor examines. */
export interface Installation {
  /** The settings of the service. */
  readonly config: Config;
  /** The url in OpenIM's `webhooks.yml`, with its token. */
  readonly callbackUrl: string;
  /** Runs work with the database of the service. Rejects where the database cannot be used. */
  readonly withDatabase: (work: (dataSource: DataSource) => Promise<void>) => Promise<void>;
}

/**
 * Examines an installation: OpenIM, the url of the callbacks, and the database. Writes nothing but the delivery of one callback.
 * @param report receives each finding as soon as it is known
 */
export async function diagnose(
  { config, callbackUrl, withDatabase }: Installation,
  report: (finding: Finding) => void,
): Promise<void> {
  report(await checkOpenIm(config));
  const { findings, operationID } = await checkCallbackUrl(callbackUrl, config);
  findings.forEach(report);
  const checkAllOfDatabase = async (dataSource: DataSource): Promise<void> => {
    report(await checkDatabase(dataSource));
    report(await checkClock(dataSource, config));
    if (operationID !== undefined) {
      report(await checkDelivery(dataSource, operationID));
    }
    report(await checkLastCallback(dataSource));
  };
  await withDatabase(checkAllOfDatabase).catch(({ message }: Error) =>
    report(error(message, 'Start the service with the same settings, and read its log')),
  );
}

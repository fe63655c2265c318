import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Config } from '../../config/config.js';
import { readConfig } from '../../config/read-config.js';
import { callbackUrl } from '../../callback/payloads/webhooks-yml.js';
import { checkCallbackUrl } from '../doctor/callback-url.js';
import { checkClock, checkDatabase, checkDelivery, checkLastCallback } from '../doctor/database.js';
import { error, type Finding } from '../doctor/finding.js';
import { checkOpenIm } from '../doctor/openim.js';
import { printLine, withContext } from '../context/context.js';

const INDENT = ' '.repeat('warning  '.length);

/**
 * Checks an installation: OpenIM, the url of the callbacks, and the database. Prints each finding, with the action for a problem.
 * Writes nothing but the delivery of one callback.
 * @param url the url in OpenIM's `webhooks.yml`; undefined: the callback url of the service on this machine
 * @returns whether there is no error
 */
export async function doctor(url?: string): Promise<boolean> {
  const config = readConfig();
  let errors = 0;
  const report = ({ level, message, action }: Finding): void => {
    errors += level === 'error' ? 1 : 0;
    printLine(`${level.padEnd(INDENT.length)}${message}`);
    if (action !== undefined) {
      printLine(`${INDENT}${action}`);
    }
  };
  report(await checkOpenIm(config));
  const { findings, operationID } = await checkCallbackUrl(
    url ?? callbackUrl(`127.0.0.1:${config.PORT}`, config.CALLBACK_TOKEN?.[0]),
    config,
  );
  findings.forEach(report);
  await checkAllOfDatabase(config, operationID, report).catch(({ message }: Error) =>
    report(error(message, 'Start the service with the same settings, and read its log')),
  );
  printLine(errors === 0 ? 'No errors' : `${errors} ${errors === 1 ? 'error' : 'errors'}`);
  return errors === 0;
}

/** @param operationID of the callback that the service answered; undefined: it answered none */
async function checkAllOfDatabase(
  config: Config,
  operationID: string | undefined,
  report: (finding: Finding) => void,
): Promise<void> {
  if (config.DATABASE_URL === undefined && !existsSync(join(config.DATA_DIR, 'postgres'))) {
    report(
      error(
        `There is no database: DATABASE_URL is not set, and ${config.DATA_DIR} has none`,
        'Start the service, or give doctor the settings of the service',
      ),
    );
    return;
  }
  await withContext(config, { LOG_LEVEL: 'silent', RUN_MIGRATIONS: false }, async (context) => {
    report(await checkDatabase(context));
    report(await checkClock(context));
    if (operationID !== undefined) {
      report(await checkDelivery(context, operationID));
    }
    report(await checkLastCallback(context));
  });
}

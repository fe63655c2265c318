import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Config } from '../../config/config.js';
import { readConfig } from '../../config/read-config.js';
import { callbackUrl } from './callback-url.js';
import { checkCallbackUrl } from '../doctor/callback-url.js';
import { checkCallbacksCame, checkClock, checkDatabase, checkDelivery } from '../doctor/database.js';
import type { Finding } from '../doctor/finding.js';
import { checkOpenIm } from '../doctor/openim.js';
import { say, withContext } from '../context/context.js';

const MARKS: Readonly<Record<Finding['is'], string>> = { well: 'ok  ', doubtful: 'look', wrong: 'BAD ' };

/**
 * Checks in plain words what an installation needs: OpenIM, the way from OpenIM to here, and the database. Changes nothing.
 * @param url the url in OpenIM's `webhooks.yml`; otherwise the callback url of this machine
 * @returns whether nothing is wrong
 */
export async function doctor(url?: string): Promise<boolean> {
  const config = readConfig();
  const findings: Finding[] = [];
  const note = (finding: Finding): void => {
    findings.push(finding);
    say(`${MARKS[finding.is]} ${finding.what}`);
    if (finding.advice !== undefined) {
      say(`     ${finding.advice}`);
    }
  };
  (await checkOpenIm(config)).forEach(note);
  const { findings: ofUrl, operationID } = await checkCallbackUrl(
    url ?? callbackUrl(`127.0.0.1:${config.PORT}`, config.CALLBACK_TOKEN?.[0]),
    config,
  );
  ofUrl.forEach(note);
  await checkAllOfDatabase(config, operationID, note).catch((error: Error) =>
    note({ is: 'wrong', what: error.message }),
  );
  const wrong = findings.filter(({ is }) => is === 'wrong').length;
  say(wrong === 0 ? 'Nothing is wrong' : `${wrong} ${wrong === 1 ? 'thing is' : 'things are'} wrong`);
  return wrong === 0;
}

/** @param operationID of the callback that was answered as it should be; undefined: none was */
async function checkAllOfDatabase(
  config: Config,
  operationID: string | undefined,
  note: (finding: Finding) => void,
): Promise<void> {
  if (config.DATABASE_URL === undefined && !existsSync(join(config.DATA_DIR, 'postgres'))) {
    note({
      is: 'wrong',
      what: `There is no database: DATABASE_URL is not set, and ${config.DATA_DIR} has none`,
      advice: 'Start the service, or give doctor the settings that the service has',
    });
    return;
  }
  await withContext(config, { LOG_LEVEL: 'silent', RUN_MIGRATIONS: false }, async (context) => {
    note(await checkDatabase(context));
    note(await checkClock(context));
    if (operationID !== undefined) {
      note(await checkDelivery(context, operationID));
    }
    note(await checkCallbacksCame(context));
  });
}

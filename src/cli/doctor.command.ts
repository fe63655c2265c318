import { readConfig } from '../config.js';
import { checkCallbackUrl } from './doctor/callback-url.js';
import { checkCallbacksCame, checkClock, checkDatabase, checkDelivery } from './doctor/database.js';
import type { Finding } from './doctor/finding.js';
import { checkOpenIm } from './doctor/openim.js';
import { say, withContext } from './context.js';

const MARKS: Readonly<Record<Finding['is'], string>> = { well: 'ok  ', doubtful: 'look', wrong: 'BAD ' };

/**
 * Checks in plain words what an installation needs: the database, OpenIM, and the way from OpenIM to here.
 * @param url the url in OpenIM's `webhooks.yml`, or the callback url of this machine
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
  try {
    await withContext({ LOG_LEVEL: 'silent', RUN_MIGRATIONS: false }, async (context) => {
      await checkDatabase(context).then(note);
      for (const finding of await checkOpenIm(context)) {
        note(finding);
      }
      await checkClock(context).then(note);
      const token = config.CALLBACK_TOKEN?.[0];
      const own = `http://${token ? `openim:${encodeURIComponent(token)}@` : ''}127.0.0.1:${config.PORT}/callback`;
      const { findings: ofUrl, operationID } = await checkCallbackUrl(url ?? own, config);
      ofUrl.forEach(note);
      if (operationID !== undefined) {
        await checkDelivery(context, operationID).then(note);
      }
      await checkCallbacksCame(context).then(note);
    });
  } catch (error) {
    note({ is: 'wrong', what: (error as Error).message });
  }
  const wrong = findings.filter(({ is }) => is === 'wrong').length;
  say(wrong === 0 ? 'Nothing is wrong' : `${wrong} ${wrong === 1 ? 'thing is' : 'things are'} wrong`);
  return wrong === 0;
}

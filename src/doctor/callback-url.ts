import { randomUUID } from 'node:crypto';
import type { Config } from '../config/config.js';
import { percentDecoded } from '../config/percent-decoded.js';
import { checkAnswer } from './callback-answer.js';
import { error, type Finding, ok, warning } from './finding.js';

const FORM = 'http://openim:TOKEN@host:3000/callback';

/**
 * Checks the url in OpenIM's `webhooks.yml`: its form, and the answer to a callback.
 * @returns also the operationID of the callback, if the service answered it
 */
export async function checkCallbackUrl(
  url: string,
  config: Config,
): Promise<{ findings: Finding[]; operationID?: string }> {
  const form = checkForm(url, config);
  if (form.some(({ level }) => level === 'error')) {
    return { findings: form };
  }
  const operationID = `doctor-${randomUUID()}`;
  const answer = await checkAnswer(url, operationID);
  return { findings: [...form, answer], ...(answer.level === 'ok' && { operationID }) };
}

function checkForm(url: string, config: Config): Finding[] {
  if (!URL.canParse(url)) {
    return [error('The callback url is not a url', `Use the form ${FORM}`)];
  }
  if (/%(?![0-9a-f]{2})/i.test(url)) {
    return [
      error(
        'The callback url has a % without two hexadecimal digits after it, and OpenIM cannot parse it',
        'Percent-encode the special characters of the token: a % becomes %25',
      ),
    ];
  }
  const { protocol, pathname, search, hostname, password } = new URL(url);
  const findings: Finding[] = [];
  if (!/^https?:$/.test(protocol)) {
    findings.push(
      error(`The callback url begins with ${protocol}`, 'Use http:// or https://: OpenIM calls no others'),
    );
  }
  if (search !== '') {
    findings.push(
      error(
        'The callback url has a query string',
        `Put the token before the @, as in ${FORM}: OpenIM appends the command to the url`,
      ),
    );
  }
  if (!/\/callback\/*$/.test(pathname)) {
    findings.push(
      error(
        `The path of the callback url is ${pathname}`,
        'End the path in /callback, unless a proxy before this service changes it',
      ),
    );
  }
  if (!config.callbacksAreOpen && !config.CALLBACK_TOKEN!.includes(percentDecoded(password).toString())) {
    findings.push(
      error(
        'The password in the callback url is not CALLBACK_TOKEN',
        `Use the form ${FORM}, with the special characters of the token percent-encoded`,
      ),
    );
  }
  if (/^(localhost|127\.|\[::1\])/.test(hostname)) {
    findings.push(
      warning(
        `The host of the callback url is ${hostname}`,
        'For OpenIM in a container this host is the container itself: give doctor the url as it is in webhooks.yml',
      ),
    );
  }
  return findings.length > 0 ? findings : [ok('The form of the callback url is right')];
}

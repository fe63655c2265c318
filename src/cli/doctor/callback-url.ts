import { randomUUID } from 'node:crypto';
import type { Config } from '../../config/config.js';
import { percentDecoded } from '../../config/percent-decoded.js';
import { checkAnswer } from './callback-answer.js';
import { doubtful, type Finding, wrong } from './finding.js';

/**
 * Checks the url that OpenIM is to call: its form, and what answers there.
 * @returns also the operationID of the callback that was answered as it should be
 */
export async function checkCallbackUrl(
  url: string,
  config: Config,
): Promise<{ findings: Finding[]; operationID?: string }> {
  const form = checkForm(url, config);
  if (form.some(({ is }) => is === 'wrong')) {
    return { findings: form };
  }
  const operationID = `doctor-${randomUUID()}`;
  const answer = await checkAnswer(url, operationID);
  return { findings: [...form, answer], ...(answer.is === 'well' && { operationID }) };
}

function checkForm(url: string, config: Config): Finding[] {
  if (!URL.canParse(url)) {
    return [wrong('The callback url is not a url', 'It looks so: http://openim:TOKEN@host:3000/callback')];
  }
  if (/%(?![0-9a-f]{2})/i.test(url)) {
    return [
      wrong(
        'The callback url has a % without two hexadecimal digits behind it, and OpenIM cannot read it',
        'Percent-encode the special characters of the token: a % is written %25',
      ),
    ];
  }
  const { protocol, pathname, search, hostname, password } = new URL(url);
  const findings: Finding[] = [];
  if (!/^https?:$/.test(protocol)) {
    findings.push(wrong(`The callback url begins with ${protocol}`, 'OpenIM calls http:// or https://'));
  }
  if (search !== '') {
    findings.push(
      wrong(
        'The callback url has a query string',
        'OpenIM puts the command behind it. The token goes before the @: http://openim:TOKEN@host:3000/callback',
      ),
    );
  }
  if (!/\/callback\/*$/.test(pathname)) {
    findings.push(
      wrong(
        `The path of the callback url is ${pathname}`,
        'It ends in /callback, unless a proxy before this service changes that',
      ),
    );
  }
  if (!config.callbacksAreOpen && !config.CALLBACK_TOKEN!.includes(percentDecoded(password).toString())) {
    findings.push(
      wrong(
        'The password in the callback url is not CALLBACK_TOKEN',
        'The url is http://openim:TOKEN@host:3000/callback, special characters of the token percent-encoded',
      ),
    );
  }
  if (/^(localhost|127\.|\[::1\])/.test(hostname)) {
    findings.push(
      doubtful(
        `The callback url leads to ${hostname}`,
        'For OpenIM in a container that is the container. Give doctor the url that is in webhooks.yml: --url',
      ),
    );
  }
  return findings.length > 0 ? findings : [{ is: 'well', what: 'The callback url has the right form' }];
}

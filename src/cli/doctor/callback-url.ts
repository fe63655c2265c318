import { randomUUID } from 'node:crypto';
import type { Config } from '../../config.js';
import type { Finding } from './finding.js';

/** As long as OpenIM waits, in ms. */
const TIMEOUT_MS = 5000;
/** A command that is not mirrored: it is answered, and leaves a row in the log only. */
const COMMAND = 'callbackDoctorCommand';

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
  const answer = await call(url, operationID);
  return { findings: [...form, answer], ...(answer.is === 'well' && { operationID }) };
}

const wrong = (what: string, advice: string): Finding => ({ is: 'wrong', what, advice });
const doubtful = (what: string, advice: string): Finding => ({ is: 'doubtful', what, advice });

function checkForm(url: string, config: Config): Finding[] {
  if (!URL.canParse(url)) {
    return [
      {
        is: 'wrong',
        what: 'The callback url is not a url',
        advice: 'It looks so: http://openim:TOKEN@host:3000/callback',
      },
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
  if (!config.callbacksAreOpen && !config.CALLBACK_TOKEN!.includes(decodeURIComponent(password))) {
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

async function call(url: string, operationID: string): Promise<Finding> {
  const { username, password, origin, pathname } = new URL(url);
  const what = `A callback through ${origin}${pathname}`;
  try {
    const response = await fetch(`${origin}${pathname.replace(/\/+$/, '')}/${COMMAND}`, {
      method: 'POST',
      redirect: 'manual',
      signal: AbortSignal.timeout(TIMEOUT_MS),
      headers: {
        'content-type': 'application/json; charset=utf-8',
        operationID,
        ...(username + password !== '' && {
          authorization: `Basic ${Buffer.from(`${decodeURIComponent(username)}:${decodeURIComponent(password)}`).toString('base64')}`,
        }),
      },
      body: JSON.stringify({ callbackCommand: COMMAND }),
    });
    return judge(what, response, await response.text());
  } catch (error) {
    const { code, message } = ((error as Error).cause ?? error) as { code?: string; message: string };
    return {
      is: 'wrong',
      what: `${what} was not answered: ${code ?? message}`,
      advice:
        'Is the service running, and the address the one that OpenIM reaches (in Docker the service’s name in a common network)?',
    };
  }
}

function judge(what: string, { status }: Response, body: string): Finding {
  if (status >= 300 && status < 400) {
    return {
      is: 'wrong',
      what: `${what} is redirected (${status})`,
      advice: 'OpenIM then sends a GET without a body. Give the final url',
    };
  }
  if (status === 401) {
    return {
      is: 'wrong',
      what: `${what} is refused: the token`,
      advice: 'The password in the url must be CALLBACK_TOKEN of the running service',
    };
  }
  if (status === 200 && /"actionCode":0,.*"nextCode":0}/.test(body)) {
    return { is: 'well', what: `${what} is answered as it should be` };
  }
  return {
    is: 'wrong',
    what: `${what} is answered by something else (HTTP ${status})`,
    advice: 'What is there is not this service, or a proxy before it does not pass /callback on',
  };
}

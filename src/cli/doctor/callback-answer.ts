import { percentDecoded } from '../../config/percent-decoded.js';
import { type Finding, wrong } from './finding.js';
import { problemOfConnection } from './problem-of-connection.js';

/** As long as OpenIM waits, in ms. */
const TIMEOUT_MS = 5000;
/** A command that is not mirrored: it is answered, and leaves a row in the log only. */
const COMMAND = 'callbackDoctorCommand';

/** Sends a callback to a url as OpenIM does, and judges what answers. */
export async function checkAnswer(url: string, operationID: string): Promise<Finding> {
  const { username, password, origin, pathname } = new URL(url);
  const what = `A callback through ${origin}${pathname}`;
  const credentials = Buffer.concat([percentDecoded(`${username}:`), percentDecoded(password)]);
  try {
    const response = await fetch(`${origin}${pathname.replace(/\/+$/, '')}/${COMMAND}`, {
      method: 'POST',
      redirect: 'manual',
      signal: AbortSignal.timeout(TIMEOUT_MS),
      headers: {
        'content-type': 'application/json; charset=utf-8',
        operationID,
        ...(username + password !== '' && { authorization: `Basic ${credentials.toString('base64')}` }),
      },
      body: JSON.stringify({ callbackCommand: COMMAND }),
    });
    return judge(what, response.status, await response.text());
  } catch (error) {
    const [problem, advice] = problemOfConnection(error as Error, TIMEOUT_MS);
    return wrong(`${what} was not answered: ${problem}`, advice);
  }
}

/** What an answer means by its status alone: the end of a sentence, and what to do. */
const STATUSES: ReadonlyMap<number, readonly [string, string]> = new Map([
  [401, ['is refused: the token', 'The password in the url must be CALLBACK_TOKEN of the running service']],
  [
    403,
    [
      'is refused by something before the service (HTTP 403)',
      'Let the proxy or firewall there pass /callback on',
    ],
  ],
  [
    429,
    [
      'is refused: the token, and too many wrong ones came from this address',
      'The password in the url must be CALLBACK_TOKEN of the running service: with the right one there is no limit. The log of the service says which addresses send wrong ones',
    ],
  ],
]);

function judge(what: string, status: number, body: string): Finding {
  const [problem, advice] = STATUSES.get(status) ?? [];
  if (problem !== undefined && advice !== undefined) {
    return wrong(`${what} ${problem}`, advice);
  }
  if (status >= 300 && status < 400) {
    return wrong(
      `${what} is redirected (${status})`,
      'OpenIM then sends a GET without a body. Give the final url',
    );
  }
  if (status === 200 && /"actionCode":0,.*"nextCode":0}/.test(body)) {
    return { is: 'well', what: `${what} is answered as it should be` };
  }
  if (new RegExp(`"actionCode":1,"errCode":${status},`).test(body)) {
    return wrong(
      `${what} is answered by the service, but not taken (HTTP ${status})`,
      status >= 500
        ? 'Look at GET /health/ready and at the log of the service: PostgreSQL does not write, and there is no journal'
        : `It says: ${(JSON.parse(body) as { errDlt: string }).errDlt}`,
    );
  }
  if (status === 502 || status === 503 || status === 504) {
    return wrong(
      `${what} is answered by a proxy that does not reach the service (HTTP ${status})`,
      'Is the service running, and does the proxy pass /callback on to its HOST and PORT?',
    );
  }
  return wrong(
    `${what} is answered by something else (HTTP ${status})`,
    'What is there is not this service, or a proxy before it does not pass /callback on',
  );
}

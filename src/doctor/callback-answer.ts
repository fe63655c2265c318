import { percentDecoded } from '../config/percent-decoded.js';
import { describeConnectionError } from './connection-error.js';
import { error, type Finding, ok } from './finding.js';

/** Time for which OpenIM waits for an answer, in ms. */
const TIMEOUT_MS = 5000;
/** A command that is not mirrored: the service answers it, and writes a row to its log only. */
const COMMAND = 'callbackDoctorCommand';

/** Sends a callback to a url as OpenIM does, and checks the answer. */
export async function checkAnswer(url: string, operationID: string): Promise<Finding> {
  const { username, password, origin, pathname } = new URL(url);
  const callback = `A callback to ${origin}${pathname}`;
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
    return judge(callback, response.status, await response.text());
  } catch (cause) {
    const [problem, action] = describeConnectionError(cause as Error, TIMEOUT_MS);
    return error(`${callback} is not answered: ${problem}`, action);
  }
}

/** Problems that the HTTP status alone identifies, and their actions. */
const STATUSES: ReadonlyMap<number, readonly [problem: string, action: string]> = new Map([
  [
    401,
    [
      'is refused: the token is wrong',
      'Set the password in the url to the CALLBACK_TOKEN of the running service',
    ],
  ],
  [
    403,
    [
      'is refused by something before the service (HTTP 403)',
      'Let the proxy or firewall there pass /callback to the service',
    ],
  ],
  [
    429,
    [
      'is refused: the token is wrong, and too many wrong ones came from this address',
      'Set the password in the url to the CALLBACK_TOKEN of the running service: the right one has no limit. The log of the service names the addresses that send wrong ones',
    ],
  ],
]);

function judge(callback: string, status: number, body: string): Finding {
  const [problem, action] = STATUSES.get(status) ?? [];
  if (problem !== undefined && action !== undefined) {
    return error(`${callback} ${problem}`, action);
  }
  if (status >= 300 && status < 400) {
    return error(
      `${callback} is redirected (HTTP ${status})`,
      'Configure the final url: OpenIM follows a redirect by a GET without a body',
    );
  }
  if (status === 200 && /"actionCode":0,.*"nextCode":0}/.test(body)) {
    return ok(`${callback} is answered by the service`);
  }
  if (new RegExp(`"actionCode":1,"errCode":${status},`).test(body)) {
    return error(
      `${callback} reaches the service, which refuses it (HTTP ${status})`,
      status >= 500
        ? 'Read GET /health/ready and the log of the service: PostgreSQL does not write, and there is no journal'
        : `Read its message: ${(JSON.parse(body) as { errDlt: string }).errDlt}`,
    );
  }
  if (status === 502 || status === 503 || status === 504) {
    return error(
      `${callback} is answered by a proxy that does not reach the service (HTTP ${status})`,
      'Check that the service is running, and that the proxy passes /callback to its HOST and PORT',
    );
  }
  return error(
    `${callback} is answered by something else (HTTP ${status})`,
    'Check the address: another server listens there, or a proxy before the service does not pass /callback on',
  );
}

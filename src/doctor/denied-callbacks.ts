import type { Config } from '../config/config.js';
import { count } from './database-checks.js';
import { type Finding, warning } from './finding.js';

/** Time limit of the request, in ms. */
const TIMEOUT_MS = 2000;

/** Asks the service on this machine how many requests came without a right token since its start; 0 where it does not answer. */
export async function countDenied(config: Config): Promise<number> {
  const text = await fetch(`http://127.0.0.1:${config.PORT}/metrics`, {
    signal: AbortSignal.timeout(TIMEOUT_MS),
  }).then(
    (response) => response.text(),
    () => '',
  );
  return [...text.matchAll(/^openim_callbacks_total\{[^}]*outcome="denied"[^}]*\} (\d+)/gm)].reduce(
    (sum, [, requests]) => sum + Number(requests),
    0,
  );
}

/** Finds requests without a right token. Says nothing where the service does not answer. */
export async function checkDeniedCallbacks(config: Config): Promise<Finding[]> {
  const denied = await countDenied(config);
  return denied === 0
    ? []
    : [
        warning(
          `The service refused ${count(denied, 'request')} to /callback since its start: without a right token, or to a wrong path`,
          'Compare the url in webhooks.yml with `npm run cli -- webhooks-yml`, unless a scanner sent them: the log of the service has their addresses',
        ),
      ];
}

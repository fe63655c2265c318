import { randomUUID } from 'node:crypto';
import { webhooksOf } from '../callback/payloads/webhooks.js';
import type { Config } from '../config/config.js';
import { isOpenImError } from '../openim/openim-error.js';
import { CALLBACK_TIMEOUT_S } from '../openim/webhooks.js';
import { checkAnswer } from './callback-answer.js';
import { checkForm, checkLoopback } from './callback-url.js';
import { error, type Finding, ok, skipped, warning } from './finding.js';
import { readWebhookSettings, type WebhookSettings } from './openim-settings.js';

/** The url in `webhooks.yml` as OpenIM ships it. */
const SHIPPED_URL = /^http:\/\/127\.0\.0\.1:10006\/callbackExample$/;
const RESTART = 'then restart openim-rpc-group, or the container of OpenIM';

/** Checks the lines of OpenIM's `webhooks.yml`, as OpenIM has read them. */
export async function checkWebhooks(config: Config): Promise<Finding[]> {
  try {
    const settings = await readWebhookSettings(config);
    return settings
      ? await judge(settings, config)
      : [unreadable('its version does not show it (before 3.8.4)')];
  } catch (problem) {
    if (!isOpenImError(problem) && !(problem instanceof SyntaxError)) {
      throw problem;
    }
    return [unreadable(problem.message)];
  }
}

const unreadable = (why: string): Finding =>
  skipped(
    `The webhooks.yml of OpenIM cannot be read: ${why}`,
    'Compare it with the lines of `npm run cli -- webhooks-yml`, and run doctor --probe',
  );

async function judge({ url, entries }: WebhookSettings, config: Config): Promise<Finding[]> {
  const needed = webhooksOf().filter(({ key }) => entries.has(key.toLowerCase()));
  const off = needed.filter(({ key }) => !entries.get(key.toLowerCase())!.enable);
  const hasty = needed.filter(({ key }) => {
    const { enable, timeout } = entries.get(key.toLowerCase())!;
    return enable && timeout < CALLBACK_TIMEOUT_S;
  });
  const before = [...entries.values()].filter(({ key, enable }) => enable && key.startsWith('before'));
  const ofUrl = checkUrl(url, config);
  const findings = [
    ...ofUrl,
    ...(ofUrl.some(({ level }) => level === 'error') ? [] : await checkReach(url)),
    ...(off.length > 0
      ? [
          error(
            `Off in the webhooks.yml of OpenIM: ${off.map(({ key }) => key).join(', ')}`,
            `Set enable: true in each of these lines, ${RESTART}`,
          ),
        ]
      : []),
    ...(hasty.length > 0
      ? [
          warning(
            `The timeout in the webhooks.yml of OpenIM is shorter than ${CALLBACK_TIMEOUT_S} s: ${hasty.map(({ key }) => key).join(', ')}`,
            `Set timeout: ${CALLBACK_TIMEOUT_S} in each of these lines: the service answers within 4 s`,
          ),
        ]
      : []),
    ...(before.length > 0 ? [beforeIsOn(before.map(({ key }) => key).join(', '))] : []),
  ];
  return findings.length > 0
    ? findings
    : [ok('The lines of webhooks.yml in OpenIM are right, and its url reaches this service')];
}

/** Makes the finding that OpenIM asks this service before users may act. */
export const beforeIsOn = (which: string): Finding =>
  error(
    `OpenIM calls this service before users act: ${which}`,
    `Set enable: false in each before... line of webhooks.yml, ${RESTART}: while this service is away, OpenIM refuses what users do`,
  );

/** Tries the url that OpenIM calls. From here a host may be another one than for OpenIM. */
async function checkReach(url: string): Promise<Finding[]> {
  const { level, message } = await checkAnswer(url, `doctor-${randomUUID()}`);
  return level === 'ok'
    ? []
    : [
        warning(
          `webhooks.yml: ${message}`,
          `Compare its host and port with the address of this service, ${RESTART}. Only OpenIM’s network may know the host: doctor --probe tries it there`,
        ),
      ];
}

function checkUrl(url: string, config: Config): Finding[] {
  if (SHIPPED_URL.test(url)) {
    return [
      error(
        'The url in the webhooks.yml of OpenIM is the one that it is shipped with',
        `Set the url of \`npm run cli -- webhooks-yml\`, ${RESTART}. If you did: the file is not mounted where OpenIM reads it`,
      ),
    ];
  }
  return [...checkForm(url, config), ...checkLoopback(url)]
    .filter(({ level }) => level !== 'ok')
    .map(({ level, message, action }) => ({
      level,
      message: `webhooks.yml: ${message}`,
      action: `${action}, ${RESTART}`,
    }));
}

import { randomBytes } from 'node:crypto';
import type { Logger } from 'pino';
import { callbackUrl, webhooksYml } from '../callback/payloads/webhooks-yml.js';
import type { Config } from '../config/config.js';

/**
 * Warns that callbacks are open where no token is set, and generates an admin key where none is set. In production the configuration requires
 * both, or CALLBACK_AUTH=none.
 * @returns the generated key; undefined where ADMIN_API_KEY is set
 */
export function openDevelopmentAccess(config: Config, logger: Logger): string | undefined {
  if (config.callbacksAreOpen) {
    logger.warn(
      'CALLBACKS ARE NOT AUTHENTICATED: whoever reaches this port can write groups; set CALLBACK_TOKEN',
    );
  }
  if (config.ADMIN_API_KEY !== undefined) {
    return undefined;
  }
  const key = randomBytes(24).toString('base64url');
  config.ADMIN_API_KEY = [key];
  logger.warn(`ADMIN_API_KEY is not set; the key of this run is ${key}`);
  return key;
}

/**
 * Logs in development how to use the service.
 * @param url the address that the service listens on
 * @param generatedKey a key that the log may contain
 */
export function logFirstSteps(config: Config, logger: Logger, url: string, generatedKey?: string): void {
  if (config.NODE_ENV !== 'development') {
    return;
  }
  if (config.DATABASE_URL === undefined) {
    logger.info(`The data is in ${config.DATA_DIR}`);
  }
  if (config.CONSOLE === 'on') {
    logger.info(`The console is at ${url}/console`);
  }
  logger.info(`The documentation of every route is at ${url}/docs`);
  logger.info(
    `Try: curl -s ${url}/admin/groups -H "Authorization: Bearer ${generatedKey ?? '$ADMIN_API_KEY'}"`,
  );
}

/**
 * Logs the lines of OpenIM's `webhooks.yml`, for a service that never received a callback. `YOUR_TOKEN` stands for the token, so that no log
 * contains it.
 * @param url the address that the service listens on
 */
export function logWebhooksYml(config: Config, logger: Logger, url: string): void {
  const name = config.HOST === '127.0.0.1' ? config.HOST : 'openim-group-sync';
  const host = `${name}:${new URL(url).port}`;
  const lines = webhooksYml(callbackUrl(host, config.callbacksAreOpen ? undefined : 'YOUR_TOKEN'));
  const message =
    'No callback has come yet. OpenIM needs these lines in its config/webhooks.yml, and a restart';
  if (config.NODE_ENV === 'development') {
    logger.info([`${message}:`, ...lines].join('\n'));
  } else {
    logger.info({ webhooksYml: lines }, message);
  }
}

import { CALLBACK_TIMEOUT_S, WEBHOOKS } from '../openim/webhooks.js';
import { callbackUrl } from './callback-url.js';
import { CommandError } from './context.js';
import { readConfig } from '../config.js';

/** Where this service is for OpenIM. */
export interface WebhooksOptions {
  /** Host and port as OpenIM reaches the service. */
  host: string;
  /** As environment variables, for OpenIM in a container. */
  env?: boolean;
}

/**
 * The lines of OpenIM's `webhooks.yml` for this installation, or the same as environment variables.
 * @throws CommandError where the host cannot be one
 */
export function webhooksYml({ host, env }: WebhooksOptions): string {
  if (!/^[\w.-]+(:\d+)?$|^\[[\da-f:]+\](:\d+)?$/i.test(host)) {
    throw new CommandError(`--host must be a host and a port, such as openim-group-sync:3000, not ${host}`);
  }
  const url = callbackUrl(host, readConfig().CALLBACK_TOKEN?.[0]);
  if (env) {
    return [
      `IMENV_WEBHOOKS_URL=${url}`,
      ...WEBHOOKS.map(({ key }) => `IMENV_WEBHOOKS_${key.toUpperCase()}_ENABLE=true`),
    ].join('\n');
  }
  const width = Math.max(...WEBHOOKS.map(({ key }) => key.length)) + 2;
  return [
    `url: ${url}`,
    ...WEBHOOKS.map(
      ({ key, onlyWhere }) =>
        `${`${key}:`.padEnd(width)}{ enable: true, timeout: ${CALLBACK_TIMEOUT_S} }${onlyWhere ? ` # ${onlyWhere}` : ''}`,
    ),
  ].join('\n');
}

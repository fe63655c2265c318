import { webhooksOf } from '../../callback/payloads/webhooks.js';
import { CALLBACK_TIMEOUT_S, type OpenImVersion } from '../../openim/webhooks.js';
import { callbackUrl } from './callback-url.js';
import { CommandError } from '../context/context.js';
import { readConfig } from '../../config/read-config.js';

/** Where this service is for OpenIM. */
export interface WebhooksOptions {
  /** Host and port as OpenIM reaches the service; undefined: the service of docker-compose.yml. */
  host?: string;
  /** As environment variables, for OpenIM in a container. */
  env?: boolean;
  /** The version of OpenIM; undefined: not known. */
  openim?: OpenImVersion;
}

/**
 * The lines of OpenIM's `webhooks.yml` for this installation, or the same as environment variables. Warns on stderr where the url has no token.
 * @throws CommandError where the host cannot be one
 */
export function webhooksYml({ host: givenHost, env, openim }: WebhooksOptions): string {
  const config = readConfig();
  const host = givenHost ?? `openim-group-sync:${config.PORT}`;
  if (!/^[\w.-]+(:\d+)?$|^\[[\da-f:]+\](:\d+)?$/i.test(host)) {
    throw new CommandError(`--host must be a host and a port, such as openim-group-sync:3000, not ${host}`);
  }
  const url = callbackUrl(host, config.CALLBACK_TOKEN?.[0]);
  if (config.CALLBACK_TOKEN === undefined) {
    process.stderr.write(
      'Warning: CALLBACK_TOKEN is not set here, so the url has no token. Run this with the settings of the service\n',
    );
  }
  const webhooks = webhooksOf(openim);
  if (env) {
    return [
      `IMENV_WEBHOOKS_URL=${url}`,
      ...webhooks.flatMap(({ key, allowedTypes }) => {
        const prefix = `IMENV_WEBHOOKS_${key.toUpperCase()}`;
        return [`${prefix}_ENABLE=true`, ...(allowedTypes ? [`${prefix}_ALLOWEDTYPES=${allowedTypes}`] : [])];
      }),
    ].join('\n');
  }
  const width = Math.max(...webhooks.map(({ key }) => key.length)) + 2;
  return [
    `url: ${url}`,
    ...webhooks.map(({ key, only, allowedTypes }) => {
      const types = allowedTypes ? `, allowedTypes: ["${allowedTypes}"]` : '';
      const comment = only && !openim ? ' # only where your file has it' : '';
      return `${`${key}:`.padEnd(width)}{ enable: true, timeout: ${CALLBACK_TIMEOUT_S}${types} }${comment}`;
    }),
  ].join('\n');
}

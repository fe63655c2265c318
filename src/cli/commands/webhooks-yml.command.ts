import { callbackUrl, webhooksEnv, webhooksYml } from '../../callback/payloads/webhooks-yml.js';
import { readConfig } from '../../config/read-config.js';
import type { OpenImVersion } from '../../openim/webhooks.js';
import { CommandError } from '../context/context.js';

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
 * Returns the lines of OpenIM's `webhooks.yml` for this installation, or the same as environment variables. Warns on stderr where the url
 * has no token.
 * @throws CommandError where the host cannot be one
 */
export function webhooksLines({ host: givenHost, env, openim }: WebhooksOptions): string {
  const config = readConfig();
  const host = givenHost ?? `openim-group-sync:${config.PORT}`;
  if (!/^[\w.-]+(:\d+)?$|^\[[\da-f:]+\](:\d+)?$/i.test(host)) {
    throw new CommandError(`--host must be a host and a port, such as openim-group-sync:3000, not ${host}`);
  }
  if (config.CALLBACK_TOKEN === undefined) {
    process.stderr.write(
      'Warning: CALLBACK_TOKEN is not set here, so the url has no token. Run this with the settings of the service\n',
    );
  }
  const url = callbackUrl(host, config.CALLBACK_TOKEN?.[0]);
  return (env ? webhooksEnv : webhooksYml)(url, openim).join('\n');
}

import { CALLBACK_TIMEOUT_S, type OpenImVersion } from '../../openim/webhooks.js';
import { webhooksOf } from './webhooks.js';

/**
 * Makes the url of the callbacks for OpenIM's `webhooks.yml`, with the token as its password.
 * @param host host and port
 * @param token undefined where callbacks need none
 */
export function callbackUrl(host: string, token: string | undefined): string {
  const credentials = token === undefined ? '' : `openim:${encodeURIComponent(token)}@`;
  return `http://${credentials}${host}/callback`;
}

/** Makes the lines of OpenIM's `webhooks.yml`. @param version undefined: not known */
export function webhooksYml(url: string, version?: OpenImVersion): string[] {
  const webhooks = webhooksOf(version);
  const width = Math.max(...webhooks.map(({ key }) => key.length)) + 2;
  return [
    `url: ${url}`,
    ...webhooks.map(({ key, only, allowedTypes }) => {
      const types = allowedTypes ? `, allowedTypes: ["${allowedTypes}"]` : '';
      const comment = only && !version ? ' # only where your file has it' : '';
      return `${`${key}:`.padEnd(width)}{ enable: true, timeout: ${CALLBACK_TIMEOUT_S}${types} }${comment}`;
    }),
  ];
}

/** Makes the same as environment variables, for OpenIM in a container. @param version undefined: not known */
export function webhooksEnv(url: string, version?: OpenImVersion): string[] {
  return [
    `IMENV_WEBHOOKS_URL=${url}`,
    ...webhooksOf(version).flatMap(({ key, allowedTypes }) => {
      const prefix = `IMENV_WEBHOOKS_${key.toUpperCase()}`;
      return [`${prefix}_ENABLE=true`, ...(allowedTypes ? [`${prefix}_ALLOWEDTYPES=${allowedTypes}`] : [])];
    }),
  ];
}

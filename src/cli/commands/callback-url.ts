/**
 * Makes the url of the callbacks for OpenIM's `webhooks.yml`, with the token as its password.
 * @param host host and port
 * @param token undefined where callbacks need none
 */
export function callbackUrl(host: string, token: string | undefined): string {
  const credentials = token === undefined ? '' : `openim:${encodeURIComponent(token)}@`;
  return `http://${credentials}${host}/callback`;
}

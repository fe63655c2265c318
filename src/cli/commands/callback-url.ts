/**
 * The url of the callbacks, as OpenIM's `webhooks.yml` has it: with the token where a password goes.
 * @param host and port
 * @param token undefined while callbacks need none
 */
export function callbackUrl(host: string, token: string | undefined): string {
  const credentials = token === undefined ? '' : `openim:${encodeURIComponent(token)}@`;
  return `http://${credentials}${host}/callback`;
}

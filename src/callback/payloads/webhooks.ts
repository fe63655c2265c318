import type { OpenImVersion, Webhook } from '../../openim/webhooks.js';
import { CALLBACK_COMMANDS } from './callback-commands.js';

/**
 * Returns the entries of `webhooks.yml` to turn on, in the order of `CALLBACK_COMMANDS`.
 * @param version undefined: not known. Then `afterSendGroupMsg` of 3.8.3 is left out: without its `allowedTypes`, another version sends
 * every message
 */
export function webhooksOf(version?: OpenImVersion): readonly Webhook[] {
  return Array.from(CALLBACK_COMMANDS.values(), ({ webhook }) => webhook).filter(
    ({ only }) => only === undefined || only === (version ?? 'main'),
  );
}

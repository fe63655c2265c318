/** Timeout of OpenIM for a callback, in s, as `webhooks.yml` ships it. The service answers within 4 s. */
export const CALLBACK_TIMEOUT_S = 5;

/** Versions of OpenIM with different keys in `webhooks.yml`: release 3.8.3 with its patches, and the main branch. */
export type OpenImVersion = '3.8.3' | 'main';

/** Entry of a callback in OpenIM's `config/webhooks.yml`. All entries are off as shipped. */
export interface Webhook {
  /** Key of the entry. It differs from the name of the command. */
  readonly key: string;
  /** The only version that has the key; undefined: both. */
  readonly only?: OpenImVersion;
  /** Content types of the messages that OpenIM sends; undefined: the callback is not about a message. */
  readonly allowedTypes?: string;
}

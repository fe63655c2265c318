import type { Config } from '../config/config.js';
import { OpenImUnreachable } from '../openim/openim-error.js';
import { isObject, type Json } from '../openim/openim-fields.js';
import { OpenImSession } from '../openim/openim-session.js';

/** Time limit of the request, in ms. */
const TIMEOUT_MS = 3000;

/** An entry of OpenIM's `webhooks.yml`. */
export interface WebhookSetting {
  /** Its key in the file, such as `afterCreateGroup`. */
  readonly key: string;
  readonly enable: boolean;
  /** In s. */
  readonly timeout: number;
}

/** What OpenIM has read from its `webhooks.yml`. */
export interface WebhookSettings {
  readonly url: string;
  /** By their keys in lower case, such as `aftercreategroup`: OpenIM answers with the names of its Go fields. */
  readonly entries: ReadonlyMap<string, WebhookSetting>;
}

/**
 * Reads the webhook settings of the openim-api process (internal/api/config_manager.go, GetConfig). Other processes have read the same file,
 * if they were restarted since.
 * @returns undefined: the version of OpenIM does not show them (before 3.8.4)
 * @throws OpenImRefusal, OpenImUnreachable, OpenImAnswerError
 */
export async function readWebhookSettings(config: Config): Promise<WebhookSettings | undefined> {
  const session = new OpenImSession(config);
  try {
    const answer = await session.callOnce('/config/get_config', { configName: 'webhooks.yml' }, TIMEOUT_MS);
    return parse(JSON.parse(answer.text('data')) as Json);
  } catch (error) {
    if (error instanceof OpenImUnreachable && error.status === 404) {
      return undefined;
    }
    throw error;
  } finally {
    session.close();
  }
}

function parse(settings: Json): WebhookSettings {
  let url = '';
  const entries = new Map<string, WebhookSetting>();
  for (const [name, value] of Object.entries(settings)) {
    if (name.toLowerCase() === 'url') {
      url = String(value);
    } else if (isObject(value)) {
      const key = `${name[0]!.toLowerCase()}${name.slice(1)}`;
      entries.set(name.toLowerCase(), { enable: false, timeout: 0, ...lowerCased(value), key });
    }
  }
  return { url, entries };
}

const lowerCased = (value: Json): Json =>
  Object.fromEntries(Object.entries(value).map(([key, field]) => [key.toLowerCase(), field]));

import { createHash } from 'node:crypto';
import type { Config } from '../config/config.js';
import type { Receiver } from './webhook-request.js';

/** A receiver in the settings, with the id of its row. */
export interface Endpoint extends Receiver {
  readonly id: string;
  /** The url without its query, which may hold a secret. */
  readonly shownUrl: string;
}

/** The endpoints of the settings. The id is a hash of the url: an endpoint that comes back goes on where it was. */
export const endpointsOf = ({
  CHANGES_WEBHOOK_URL: urls = [],
  CHANGES_WEBHOOK_SECRET: secrets = [],
}: Config): Endpoint[] =>
  urls.map((url) => ({
    id: createHash('sha256').update(url).digest('hex').slice(0, 12),
    url,
    shownUrl: url.replace(/[?#].*$/s, ''),
    secrets,
  }));

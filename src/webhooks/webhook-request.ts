import { requestFailure, within } from '../waiting/within.js';
import { headersOf, type WebhookMessage } from './webhook-message.js';

/** Time limit of an attempt, in ms. */
const TIMEOUT_MS = 15_000;
/** Maximum size of an answer that is read, in bytes. */
const MAX_ANSWER = 65_536;

/** A receiver of webhooks, by the settings. */
export interface Receiver {
  readonly url: string;
  readonly secrets: readonly string[];
}

/** What came of an attempt. */
export type Attempt =
  | { readonly isReceived: true }
  | {
      readonly isReceived: false;
      readonly problem: string;
      /** Whether the receiver wants no more of them (410). */
      readonly isGone: boolean;
      /** How long the receiver asks to wait, in ms; undefined: it does not. */
      readonly retryAfterMs?: number;
    };

/**
 * Posts a message once. Redirects are not followed: the operator named the url, and a redirect may lead anywhere. At most 64 KB of the answer are
 * read, and nothing of it is believed but its status.
 * @param ending its abort ends the attempt
 */
export async function post(
  { url, secrets }: Receiver,
  message: WebhookMessage,
  ending: AbortSignal,
): Promise<Attempt> {
  const exchange = async (signal: AbortSignal): Promise<Attempt> => {
    const response = await fetch(url, {
      method: 'POST',
      redirect: 'manual',
      headers: headersOf(message, secrets),
      body: message.body,
      signal,
    });
    await readAnswer(response);
    return response.ok ? { isReceived: true } : failure(response);
  };
  return within(TIMEOUT_MS, ending, exchange).catch((error: Error) => ({
    isReceived: false,
    problem: requestFailure(error),
    isGone: false,
  }));
}

/** Reads the answer, so that the connection can be used again; ends the connection where it is long. */
async function readAnswer({ body }: Response): Promise<void> {
  let size = 0;
  for await (const chunk of body ?? []) {
    size += chunk.length;
    if (size > MAX_ANSWER) {
      return; // leaving the loop cancels the body
    }
  }
}

function failure({ status, headers }: Response): Attempt {
  const retryAfterMs = [429, 503].includes(status) ? toMs(headers.get('retry-after')) : undefined;
  return {
    isReceived: false,
    problem:
      status >= 300 && status < 400 ? `HTTP ${status}: a redirect, which is not followed` : `HTTP ${status}`,
    isGone: status === 410,
    ...(retryAfterMs !== undefined && { retryAfterMs }),
  };
}

/** The value of Retry-After: seconds or a date (RFC 9110, section 10.2.3). */
function toMs(retryAfter: string | null): number | undefined {
  if (retryAfter === null) {
    return undefined;
  }
  const ms = /^\d+$/.test(retryAfter) ? Number(retryAfter) * 1000 : Date.parse(retryAfter) - Date.now();
  return Number.isNaN(ms) ? undefined : Math.max(ms, 0);
}

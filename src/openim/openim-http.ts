import { randomUUID } from 'node:crypto';
import { storableText } from '../postgres/storable-text.js';
import { requestFailure, within } from '../waiting/within.js';
import { OpenImRefusal, OpenImUnreachable } from './openim-error.js';
import { AnswerFields, type Json } from './openim-fields.js';

/** One request to OpenIM's REST API. */
export interface OpenImRequest {
  readonly path: string;
  readonly body: Json;
  /** The admin token; undefined for the request that asks for one. */
  readonly token?: string;
  readonly timeoutMs: number;
  /** Gets the time of OpenIM in its answer, in ms since 1970. */
  readonly onTime?: (time: number) => void;
}

/** The JSON object around each answer (tools/apiresp). OpenIM sends HTTP 200 for refusals too (ginJson). */
interface Envelope {
  errCode: number;
  errMsg: unknown;
  errDlt: unknown;
  /** A text for the settings of OpenIM (ConfigManager.GetConfig). */
  data?: Json | string | null;
}

/**
 * Sends one request. Data that is a text becomes the field `data`.
 * @param apiUrl base url of the REST API, with or without a slash at its end
 * @param ending its abort ends the request with the signal's reason
 * @throws OpenImRefusal for an answer with an error code; OpenImUnreachable where no answer of OpenIM arrives
 */
export async function post(
  apiUrl: string,
  request: OpenImRequest,
  ending: AbortSignal,
): Promise<AnswerFields> {
  const { path, timeoutMs } = request;
  const { errCode, errMsg, errDlt, data } = await within(timeoutMs, ending, (signal) =>
    exchange(apiUrl, request, signal),
  ).catch((error: Error) => {
    throw error instanceof OpenImUnreachable
      ? error
      : new OpenImUnreachable(
          unanswered(path, requestFailure(error)),
          { cause: error },
          error.name === 'TimeoutError',
        );
  });
  if (errCode !== 0) {
    throw new OpenImRefusal(path, errCode, asText(errMsg), asText(errDlt));
  }
  return new AnswerFields(typeof data === 'string' ? { data } : (data ?? {}), path);
}

async function exchange(
  apiUrl: string,
  { path, body, token, onTime }: OpenImRequest,
  signal: AbortSignal,
): Promise<Envelope> {
  const response = await fetch(apiUrl.replace(/\/+$/, '') + path, {
    method: 'POST',
    redirect: 'error',
    headers: { 'content-type': 'application/json', operationID: randomUUID(), ...(token && { token }) },
    body: JSON.stringify(body),
    signal,
  });
  const envelope = parseEnvelope(await response.text());
  if (!envelope) {
    const why = `HTTP ${response.status} without OpenIM's JSON`;
    throw new OpenImUnreachable(unanswered(path, why), undefined, false, response.status);
  }
  const time = Date.parse(response.headers.get('date') ?? '');
  if (!Number.isNaN(time)) {
    onTime?.(time);
  }
  return envelope;
}

const asText = (value: unknown): string => (typeof value === 'string' ? storableText(value) : '');

const unanswered = (path: string, why: string): string => `OpenIM did not answer ${path}: ${why}`;

function parseEnvelope(answer: string): Envelope | undefined {
  try {
    const envelope = JSON.parse(answer) as Partial<Envelope> | null;
    return typeof envelope?.errCode === 'number' &&
      ['object', 'string', 'undefined'].includes(typeof envelope.data)
      ? (envelope as Envelope)
      : undefined;
  } catch {
    return undefined;
  }
}

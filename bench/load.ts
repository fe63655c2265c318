import { Agent } from 'node:http';
import { bodyOf, COMMANDS } from './bodies.js';
import { answerWith } from './child.js';
import { exchange } from './exchange.js';
import { type LoadOrder, type LoadResult, runOrder } from './load-order.js';

/** Order for a load over HTTP, with the target and the token. */
export interface HttpLoadOrder extends LoadOrder {
  readonly url: string;
  readonly token: string;
}

/** Sends callbacks as OpenIM does. Fails at the first answer that is not a success. */
async function load(order: HttpLoadOrder): Promise<LoadResult> {
  const { url, token, kind, members, concurrency } = order;
  const agent = new Agent({ keepAlive: true, maxSockets: concurrency });
  const headers = {
    'content-type': 'application/json',
    authorization: `Basic ${Buffer.from(`openim:${token}`).toString('base64')}`,
  };
  try {
    return await runOrder(order, async (number) => {
      const body = bodyOf(kind, number, members);
      const { status, text, ms } = await exchange(
        agent,
        `${url}/callback/${COMMANDS[kind]}`,
        { ...headers, 'content-length': String(Buffer.byteLength(body)) },
        body,
      );
      if (status !== 200 || (JSON.parse(text) as { actionCode?: unknown }).actionCode !== 0) {
        throw new Error(`${kind} ${number} was answered with ${status}: ${text.slice(0, 500)}`);
      }
      return ms;
    });
  } finally {
    agent.destroy();
  }
}

answerWith(load);

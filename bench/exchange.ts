import { type Agent, request } from 'node:http';

/** An answer, with the time from the first byte of the request to the last byte of the answer. */
export interface Answer {
  readonly status: number;
  readonly text: string;
  readonly ms: number;
}

/**
 * Sends one HTTP request.
 * @param agent the connection pool
 * @param body the body of a POST; without a body the request is a GET
 */
export function exchange(
  agent: Agent,
  url: string,
  headers: Record<string, string>,
  body?: string,
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const options = { agent, method: body === undefined ? 'GET' : 'POST', headers };
    const start = performance.now();
    const sent = request(url, options, (response) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (chunk: string) => (text += chunk));
      response.on('end', () =>
        resolve({ status: response.statusCode ?? 0, text, ms: performance.now() - start }),
      );
      response.on('error', reject);
    });
    sent.on('error', reject);
    sent.end(body);
  });
}

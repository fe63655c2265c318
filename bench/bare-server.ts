import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import { answerWith } from './child.js';

const REPLY = JSON.stringify({ actionCode: 0, errCode: 0, errMsg: '', errDlt: '', nextCode: 1 });
const HEAD = {
  'content-type': 'application/json; charset=utf-8',
  'content-length': Buffer.byteLength(REPLY),
};

/**
 * Serves OpenIM's callbacks with as little code as possible, in a child process.
 * @param write writes one callback to PostgreSQL
 */
export function serveBare(port: number, write: (path: string, body: Buffer) => Promise<unknown>): void {
  const receive = async (request: IncomingMessage): Promise<void> => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    await once(request, 'end');
    await write(request.url ?? '', Buffer.concat(chunks));
  };
  const server = createServer((request, response) => {
    receive(request).then(
      () => response.writeHead(200, HEAD).end(REPLY),
      (error: Error) => response.writeHead(500).end(error.message),
    );
  });
  const listening = once(server.listen(port, '127.0.0.1'), 'listening');
  answerWith(async () => {
    await listening;
  });
}

import { connect } from 'node:net';
import { text as readText } from 'node:stream/consumers';

const TIMEOUT_MS = 10_000;

/** Answer to a raw request. */
export interface RawAnswer {
  /** HTTP status; 0 stands for no answer, or for an answer that is not HTTP. */
  status: number;
  body: string;
}

/** A raw request. Header lines are sent unchanged and in order. */
export interface RawRequest {
  method: string;
  target: string;
  headers: readonly string[];
}

/**
 * Sends a request that client libraries cannot send, on a new connection.
 * @param from the source address, from 127.0.0.0/8
 */
export async function rawHttp(
  port: number,
  { method, target, headers }: RawRequest,
  from: string,
): Promise<RawAnswer> {
  const socket = connect({ port, host: '127.0.0.1', localAddress: from });
  socket.setTimeout(TIMEOUT_MS, () => socket.destroy());
  socket.on('error', () => undefined);
  const head = [
    `${method} ${target} HTTP/1.1`,
    'Host: service',
    ...headers,
    'Content-Length: 0',
    'Connection: close',
  ];
  socket.write(Buffer.from(`${head.join('\r\n')}\r\n\r\n`, 'latin1'));
  const answer = await readText(socket).catch(() => '');
  const [, status = '0'] = /^HTTP\/1\.1 (\d{3})/.exec(answer) ?? [];
  return { status: Number(status), body: answer.slice(answer.indexOf('\r\n\r\n') + 4) };
}

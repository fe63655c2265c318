import { connect } from 'node:net';
import { text as readText } from 'node:stream/consumers';

const PATIENCE_MS = 10_000;

/** What came back for the bytes of a request. */
export interface RawAnswer {
  /** 0: nothing came back, or nothing of HTTP. */
  status: number;
  body: string;
}

/** What a request is made of. The lines of the head are sent as they are, and in their order. */
export interface RawRequest {
  method: string;
  target: string;
  headers: readonly string[];
}

/**
 * Sends a request that no client library would send, on a connection of its own.
 * @param from the address to send from: one of 127.0.0.0/8
 */
export async function rawHttp(
  port: number,
  { method, target, headers }: RawRequest,
  from: string,
): Promise<RawAnswer> {
  const socket = connect({ port, host: '127.0.0.1', localAddress: from });
  socket.setTimeout(PATIENCE_MS, () => socket.destroy());
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

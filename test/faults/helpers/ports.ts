import { once } from 'node:events';
import { createServer } from 'node:net';

/**
 * Below the ports that the kernel gives to outgoing connections: what is stopped and started again on the same port must not
 * find a client there.
 */
const FIRST = 22_000;
const LAST = 22_099;

let next = FIRST;

/** A port that nobody listens on, another one at each call. */
export async function freePort(): Promise<number> {
  while (next <= LAST) {
    const port = next;
    next += 1;
    if (await isFree(port)) {
      return port;
    }
  }
  throw new Error(`No port from ${FIRST} to ${LAST} is free`);
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer();
  try {
    server.listen(port, '127.0.0.1');
    await once(server, 'listening');
    server.close();
    await once(server, 'close');
    return true;
  } catch {
    return false;
  }
}

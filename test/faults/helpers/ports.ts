import { once } from 'node:events';
import { createServer } from 'node:net';

/**
 * First port. Below the ephemeral ports of the kernel: a server that restarts on the same port must not find an outgoing
 * connection there.
 */
const FIRST = 22_000;
const LAST = 22_099;

let next = FIRST;

/** Returns a free port, a different one at each call. */
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

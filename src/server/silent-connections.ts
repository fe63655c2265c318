import { STATUS_CODES, type Server, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

/** Node's status for each error of its HTTP parser; 400 for all others. */
const STATUS_OF: Readonly<Record<string, number>> = {
  ERR_HTTP_REQUEST_TIMEOUT: 408,
  HPE_CHUNK_EXTENSIONS_OVERFLOW: 413,
  HPE_HEADER_OVERFLOW: 431,
};

/**
 * Connections on which no byte has arrived. Node closes them with a 408 as if a request had begun; a client that opens connections ahead
 * (Go's, a load balancer) takes that for the answer to its next request. Here they count as idle: they live as long as idle connections, and
 * are closed without an answer.
 */
export class SilentConnections {
  private readonly sockets = new Set<Socket>();

  constructor(server: Server) {
    server.on('connection', (socket) => this.add(socket, server.keepAliveTimeout));
    server.on('clientError', (error: NodeJS.ErrnoException, socket: Socket) => {
      if (error.code !== 'ERR_HTTP_REQUEST_TIMEOUT' || socket.bytesRead > 0) {
        refuse(socket, error);
      }
    });
  }

  /** Closes them all. */
  close(): void {
    this.sockets.forEach(endSilent);
  }

  private add(socket: Socket, idleMs: number): void {
    const timer = setTimeout(() => {
      this.sockets.delete(socket);
      endSilent(socket);
    }, idleMs).unref();
    this.sockets.add(socket);
    socket.once('close', () => {
      clearTimeout(timer);
      this.sockets.delete(socket);
    });
  }
}

function endSilent(socket: Socket): void {
  if (socket.bytesRead === 0) {
    socket.destroy();
  }
}

/** Does what Node does without a listener: answers, unless an answer has begun on this connection, and closes it. */
function refuse(
  socket: Socket & { _httpMessage?: ServerResponse },
  { code = '' }: NodeJS.ErrnoException,
): void {
  // oxlint-disable-next-line no-underscore-dangle -- Node gives the answer in progress no other name
  if (socket.writable && !socket._httpMessage?.headersSent) {
    const status = STATUS_OF[code] ?? 400;
    socket.write(`HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\nConnection: close\r\n\r\n`);
  }
  socket.destroy();
}

import { STATUS_CODES, type Server, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

/** Node's status for each error of its HTTP parser; 400 for all others. */
const STATUS_OF: Readonly<Record<string, number>> = {
  ERR_HTTP_REQUEST_TIMEOUT: 408,
  HPE_CHUNK_EXTENSIONS_OVERFLOW: 413,
  HPE_HEADER_OVERFLOW: 431,
};

/**
 * The connections on which no byte has arrived. Node closes such a connection with status 408, as if a request had begun. A client that opens
 * connections in advance (Go's, a load balancer) reads the 408 as the answer to its next request. Here these connections count as idle: they
 * stay open as long as idle connections do, and are closed without an answer.
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

  /** Closes all silent connections. */
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

/** Answers as Node does without a listener, unless an answer has begun on the connection, and closes it. */
function refuse(
  socket: Socket & { _httpMessage?: ServerResponse },
  { code = '' }: NodeJS.ErrnoException,
): void {
  // oxlint-disable-next-line no-underscore-dangle -- Node has no public property for the answer in progress
  if (socket.writable && !socket._httpMessage?.headersSent) {
    const status = STATUS_OF[code] ?? 400;
    socket.write(`HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\nConnection: close\r\n\r\n`);
  }
  socket.destroy();
}

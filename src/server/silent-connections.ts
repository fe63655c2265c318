import { STATUS_CODES, type Server, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

/** What Node answers to what is no request; 400 to all else. */
const STATUS_OF: Readonly<Record<string, number>> = {
  ERR_HTTP_REQUEST_TIMEOUT: 408,
  HPE_CHUNK_EXTENSIONS_OVERFLOW: 413,
  HPE_HEADER_OVERFLOW: 431,
};

/**
 * The connections on which nothing was sent yet. Node ends them with a 408 as if a request had begun; to whoever opens connections ahead
 * (Go's client, a load balancer) that looks like the answer to the request which follows. Here they are idle ones: they stay as long as
 * these do, and end without a word.
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

  /** Ends all: nobody waits for an answer on them. */
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

/** As Node does where nobody listens: an answer, unless one has begun on this connection, and the end of it. */
function refuse(
  socket: Socket & { _httpMessage?: ServerResponse },
  { code = '' }: NodeJS.ErrnoException,
): void {
  // oxlint-disable-next-line no-underscore-dangle -- Node's name for the answer under way, and there is no other way to it
  if (socket.writable && !socket._httpMessage?.headersSent) {
    const status = STATUS_OF[code] ?? 400;
    socket.write(`HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\nConnection: close\r\n\r\n`);
  }
  socket.destroy();
}

import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';

/** TCP proxy before PostgreSQL that can hang, cut its connections, and refuse new ones. */
export class Proxy {
  private readonly sockets = new Set<Socket>();
  private hanging = false;
  private server!: Server;
  private port = 0;

  constructor(private readonly target: URL) {}

  /** Listens on a free port the first time, and on the same port after `close`. */
  async listen(): Promise<void> {
    this.server = createServer((client) => {
      const upstream = connect(Number(this.target.port), this.target.hostname);
      for (const [from, to] of [
        [client, upstream],
        [upstream, client],
      ] as const) {
        this.sockets.add(from);
        from.on('data', (data) => void (this.hanging || to.write(data)));
        from.on('close', () => to.destroy());
        from.on('error', () => to.destroy());
      }
    });
    this.server.listen(this.port, '127.0.0.1');
    await once(this.server, 'listening');
    this.port = (this.server.address() as AddressInfo).port;
  }

  /** URL of the database through the proxy. */
  get url(): string {
    const url = new URL(this.target);
    url.port = String(this.port);
    return url.href;
  }

  /** Discards all data of both sides until `close`. */
  hang(): void {
    this.hanging = true;
  }

  /** Cuts all connections, and refuses new ones until `listen`. */
  async close(): Promise<void> {
    this.sockets.forEach((socket) => socket.destroy());
    this.sockets.clear();
    this.hanging = false;
    this.server.close();
    await once(this.server, 'close');
  }
}

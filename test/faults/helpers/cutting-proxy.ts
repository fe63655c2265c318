import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import type { Random } from './random.js';

/** How long after a statement went on a cut may come, in ms, where it does not come with the reply. */
const SOON_MS = 20;

/**
 * A TCP proxy before PostgreSQL that now and then cuts a connection after it passed a statement on, and before the reply
 * gets back: the statement is done, and who sent it does not learn it.
 */
export class CuttingProxy {
  private readonly sockets = new Set<Socket>();
  private probability = 0;
  cuts = 0;

  private constructor(
    private readonly server: Server,
    private readonly target: URL,
    private readonly random: Random,
  ) {}

  /** @param url of PostgreSQL */
  static async listen(url: string, random: Random): Promise<CuttingProxy> {
    const server = createServer();
    const proxy = new CuttingProxy(server, new URL(url), random);
    server.on('connection', (client) => proxy.pass(client));
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return proxy;
  }

  /** The url of the database by way of the proxy. */
  get url(): string {
    const url = new URL(this.target);
    url.port = String((this.server.address() as AddressInfo).port);
    return url.href;
  }

  /** From now on cuts with this probability at each statement. */
  cut(probability: number): void {
    this.probability = probability;
  }

  async close(): Promise<void> {
    this.sockets.forEach((socket) => socket.destroy());
    this.server.close();
    await once(this.server, 'close');
  }

  private pass(client: Socket): void {
    const upstream = connect(Number(this.target.port), this.target.hostname);
    let deaf = false;
    const end = (): void => {
      client.destroy();
      upstream.destroy();
    };
    client.on('data', (data) => {
      upstream.write(data);
      if (!deaf && isStatement(data) && this.random.chance(this.probability)) {
        deaf = true;
        this.cuts += 1;
        if (this.random.chance(0.5)) {
          setTimeout(end, this.random.below(SOON_MS));
        }
      }
    });
    upstream.on('data', (data) => (deaf ? end() : client.write(data)));
    for (const socket of [client, upstream]) {
      this.sockets.add(socket);
      socket.on('error', end);
      socket.on('close', () => {
        this.sockets.delete(socket);
        end();
      });
    }
  }
}

/** Query, Parse or Bind of PostgreSQL's protocol; not the start of a session, whose messages have other first bytes. */
const isStatement = (data: Buffer): boolean => 'QPB'.includes(String.fromCharCode(data[0] ?? 0));

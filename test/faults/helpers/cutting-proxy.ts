import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import type { Random } from './random.js';

/** Maximum time from a statement to a cut that does not wait for the reply, in ms. */
const SOON_MS = 20;

/**
 * A TCP proxy before PostgreSQL. It cuts some connections after it forwarded a statement and before it returns the reply:
 * PostgreSQL runs the statement, and the client gets no result.
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

  /** @param url the URL of PostgreSQL */
  static async listen(url: string, random: Random): Promise<CuttingProxy> {
    const server = createServer();
    const proxy = new CuttingProxy(server, new URL(url), random);
    server.on('connection', (client) => proxy.pass(client));
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return proxy;
  }

  /** URL of the database through the proxy. */
  get url(): string {
    const url = new URL(this.target);
    url.port = String((this.server.address() as AddressInfo).port);
    return url.href;
  }

  /** Sets the probability of a cut at each statement. */
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
    let isCut = false;
    const end = (): void => {
      client.destroy();
      upstream.destroy();
    };
    client.on('data', (data) => {
      upstream.write(data);
      if (!isCut && isStatement(data) && this.random.chance(this.probability)) {
        isCut = true;
        this.cuts += 1;
        if (this.random.chance(0.5)) {
          setTimeout(end, this.random.below(SOON_MS));
        }
      }
    });
    upstream.on('data', (data) => (isCut ? end() : client.write(data)));
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

/** Detects the messages Query, Parse and Bind of PostgreSQL's protocol. Messages of the session start have other first bytes. */
const isStatement = (data: Buffer): boolean => 'QPB'.includes(String.fromCharCode(data[0] ?? 0));

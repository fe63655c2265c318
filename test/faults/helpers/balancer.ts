import { once } from 'node:events';
import {
  Agent,
  createServer,
  type IncomingMessage,
  request,
  type Server,
  type ServerResponse,
} from 'node:http';
import type { AddressInfo } from 'node:net';

/** An HTTP load balancer: round robin, with keep-alive connections. A removed target gets no further request. */
export class Balancer {
  private readonly targets: string[] = [];
  private readonly agent = new Agent({ keepAlive: true });
  private turn = 0;
  /** Number of requests without an answer of a replica. */
  failures = 0;

  private constructor(private readonly server: Server) {}

  static async listen(): Promise<Balancer> {
    const server = createServer();
    const balancer = new Balancer(server);
    server.on('request', (incoming, response) => balancer.pass(incoming, response));
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return balancer;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  add(target: string): void {
    this.targets.push(target);
  }

  remove(target: string): void {
    this.targets.splice(this.targets.indexOf(target), 1);
  }

  async close(): Promise<void> {
    this.agent.destroy();
    this.server.closeAllConnections();
    this.server.close();
    await once(this.server, 'close');
  }

  private pass(incoming: IncomingMessage, response: ServerResponse): void {
    this.turn += 1;
    const target = this.targets[this.turn % this.targets.length];
    const upstream = request(`${target}${incoming.url}`, {
      method: incoming.method,
      headers: incoming.headers,
      agent: this.agent,
    });
    upstream.once('response', (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(response);
    });
    upstream.once('error', () => {
      this.failures += 1;
      response.writeHead(502).end();
    });
    incoming.pipe(upstream);
  }
}

import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { Webhook } from 'standardwebhooks';
import type { ChangeDto } from '../../src/changes/change.dto.js';

export const SECRET = `whsec_${Buffer.alloc(32, 7).toString('base64')}`;

/** An attempt that a receiver got, with what it answered. */
export interface ReceivedAttempt {
  id: string;
  data: ChangeDto;
  status: number;
  at: number;
  headers: IncomingHttpHeaders;
}

/** An answer: a status, with headers and a delay in ms where a test needs them. */
interface ReceiverAnswer {
  status: number;
  headers?: Record<string, string>;
  delayMs?: number;
}

/** A receiver of webhooks, which checks each signature. */
export class Receiver {
  readonly attempts: ReceivedAttempt[] = [];
  /** Decides what an attempt is answered. */
  answer: (change: ChangeDto) => number | ReceiverAnswer = () => 204;

  private constructor(private readonly server: Server) {}

  static async start(secret = SECRET): Promise<Receiver> {
    const server = createServer((request, response) => {
      void (async () => {
        const body = await text(request);
        const { data } = new Webhook(secret).verify(body, request.headers as Record<string, string>) as {
          data: ChangeDto;
        };
        const given = receiver.answer(data);
        const { status, headers = {}, delayMs = 0 } = typeof given === 'number' ? { status: given } : given;
        receiver.attempts.push({
          id: String(request.headers['webhook-id']),
          data,
          status,
          at: Date.now(),
          headers: request.headers,
        });
        setTimeout(() => response.writeHead(status, headers).end(), delayMs);
      })().catch((error: unknown) => response.writeHead(401).end(String(error)));
    });
    const receiver = new Receiver(server);
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return receiver;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}/hook`;
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }

  /** The revisions of a group that were received, in the order of their arrival. */
  received(groupID: string): number[] {
    return this.attempts
      .filter(({ data, status }) => data.groupID === groupID && status < 300)
      .map(({ data }) => data.revision);
  }
}

/** Whether revisions are 1, 2, 3 and so on up to a number, where each may come again after itself or a later one. */
export function isComplete(revisions: readonly number[], last: number): boolean {
  let highest = 0;
  for (const revision of revisions) {
    if (revision > highest + 1) {
      return false;
    }
    highest = Math.max(highest, revision);
  }
  return highest === last;
}

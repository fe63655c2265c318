import { Agent, type IncomingMessage, request } from 'node:http';
import { text as readText } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { change, creation, dismissal, type Step } from './group-model.js';
import type { Ledger } from './ledger.js';
import { Random } from './random.js';

/** Timeout of a request, in ms. OpenIM waits 5 s. */
const TIMEOUT_MS = 10_000;
/** Pause of a client after a failure, in ms. Prevents a busy loop while the service is down. */
const PAUSE_MS = 50;

/** HTTP status (0 stands for no answer) and body. */
interface Answer {
  status: number;
  text: string;
}

/**
 * Clients that send callbacks as OpenIM does, on keep-alive connections. Each client has its own groups. It sends the next callback
 * of a group after the answer to the previous callback, and starts a new group if a callback is not acknowledged.
 */
export class Load {
  private stopping = false;
  private readonly clients: Promise<void>[];

  private constructor(
    private readonly url: string,
    private readonly ledger: Ledger,
    clients: number,
  ) {
    this.clients = Array.from({ length: clients }, (_, index) => this.client(Random.stream(index)));
  }

  static start(url: string, ledger: Ledger, clients: number): Load {
    return new Load(url, ledger, clients);
  }

  /** Stops the clients and waits for the last answer. */
  async stop(): Promise<void> {
    this.stopping = true;
    await Promise.all(this.clients);
  }

  private async client(random: Random): Promise<void> {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    while (!this.stopping) {
      await this.runGroup(agent, random);
    }
    agent.destroy();
  }

  private async runGroup(agent: Agent, random: Random): Promise<void> {
    let step = creation(this.ledger.newID());
    for (let left = random.below(15); !this.stopping; left -= 1) {
      const operationID = this.ledger.newID();
      const { status, text } = await this.sendOnce(agent, operationID, step);
      if (this.ledger.record(operationID, step, status, text) !== 'acknowledged') {
        await sleep(PAUSE_MS);
        return;
      }
      if (step.after.status === 2 || left < 0) {
        return;
      }
      step = left > 0 ? change(step.after, random) : dismissal(step.after, random);
    }
  }

  /** Sends a callback. Retries while the connection is refused, because the service cannot have received it. */
  private async sendOnce(agent: Agent, operationID: string, step: Step): Promise<Answer> {
    for (;;) {
      const start = performance.now();
      try {
        const answer = await this.send(agent, operationID, step);
        this.ledger.latenciesMs.push(performance.now() - start);
        return answer;
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'ECONNREFUSED' || this.stopping) {
          return { status: 0, text: '' };
        }
        await sleep(PAUSE_MS);
      }
    }
  }

  private async send(agent: Agent, operationID: string, { command, body }: Step): Promise<Answer> {
    const payload = Buffer.from(JSON.stringify(body));
    const signal = AbortSignal.timeout(TIMEOUT_MS);
    const response = await new Promise<IncomingMessage>((resolve, reject) => {
      request(`${this.url}/callback/${command}`, {
        method: 'POST',
        agent,
        signal,
        headers: {
          'content-type': 'application/json; charset=utf-8',
          'content-length': payload.length,
          operationid: operationID,
          authorization: `Basic ${btoa('openim:t')}`,
        },
      })
        .once('response', resolve)
        .once('error', reject)
        .end(payload);
    });
    return { status: response.statusCode ?? 0, text: await readText(response) };
  }
}

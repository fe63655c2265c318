import { Agent, type IncomingMessage, request } from 'node:http';
import { text as readText } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { change, creation, dismissal, type Step } from './group-model.js';
import type { Ledger } from './ledger.js';
import { Random } from './random.js';

/** How long a client waits for an answer, in ms; OpenIM waits for 5 s. */
const PATIENCE_MS = 10_000;
/** How long a client waits after a failure, in ms: what is down is not asked a thousand times a second. */
const PAUSE_MS = 50;

/** An HTTP status, 0 where there was no answer, and the body. */
interface Answer {
  status: number;
  text: string;
}

/**
 * Clients that send callbacks as OpenIM does, on connections that are kept. Each has groups of its own, and sends the next
 * callback of a group after the answer to the one before; where there is none it goes on with a new group.
 */
export class Load {
  private stopping = false;
  private readonly clients: Promise<void>[];

  private constructor(
    private readonly url: string,
    private readonly ledger: Ledger,
    clients: number,
  ) {
    this.clients = Array.from({ length: clients }, (_, seed) => this.client(new Random(seed)));
  }

  static start(url: string, ledger: Ledger, clients: number): Load {
    return new Load(url, ledger, clients);
  }

  /** No new callbacks; resolves when the last one is answered. */
  async stop(): Promise<void> {
    this.stopping = true;
    await Promise.all(this.clients);
  }

  private async client(random: Random): Promise<void> {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    while (!this.stopping) {
      await this.lifeOfAGroup(agent, random);
    }
    agent.destroy();
  }

  private async lifeOfAGroup(agent: Agent, random: Random): Promise<void> {
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

  /** Waits while nobody listens: what found no connection was not sent. */
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
    const signal = AbortSignal.timeout(PATIENCE_MS);
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

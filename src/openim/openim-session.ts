import { AsyncLocalStorage } from 'node:async_hooks';
import { setMaxListeners } from 'node:events';
import PQueue from 'p-queue';
import pRetry from 'p-retry';
import type { Config } from '../config/config.js';
import { ErrCode, OpenImRefusal, OpenImUnreachable } from './openim-error.js';
import type { AnswerFields, Json } from './openim-fields.js';
import { post } from './openim-http.js';
import { AdminToken, type IssuedToken } from './openim-token.js';

/** Time limit of one request, in ms. OpenIM takes some hundred ms for a page of 1,000 members. */
const TIMEOUT_MS = 15_000;
/** Concurrent requests: more than the lanes of reconciliation read lists at once, so that no list delays a short request. */
const CONCURRENCY = 24;
const URGENT = 1;
const RETRIES = { retries: 3, minTimeout: 200, factor: 3, randomize: true };

/** Requests as OpenIM's admin: with its token, retried, by priority, and at most `OPENIM_MAX_RPS` in a second. */
export class OpenImSession {
  private readonly queue: PQueue;
  private readonly adminToken = new AdminToken(() => this.issueToken());
  private readonly ending = new AbortController();
  private readonly priority = new AsyncLocalStorage<number>();

  /** Number of requests sent so far, with retries. */
  requests = 0;
  /** The clock of OpenIM in its last answer minus that of this machine, in ms, to a second; undefined before the first one. */
  clockAheadMs?: number;

  constructor(private readonly config: Config) {
    setMaxListeners(0, this.ending.signal); // one for each queued request
    this.queue = new PQueue({
      concurrency: CONCURRENCY,
      interval: 1000,
      intervalCap: config.OPENIM_MAX_RPS,
      strict: true,
    });
  }

  /** Runs work whose requests go before those that are not urgent, whatever the priority of the caller is. */
  withPriority<T>(isUrgent: boolean, work: () => Promise<T>): Promise<T> {
    return this.priority.run(isUrgent ? URGENT : 0, work);
  }

  /** Ends the requests in progress and sends no more. */
  close(): void {
    this.ending.abort(new OpenImUnreachable('No request is sent to OpenIM: the service stops'));
    this.queue.clear();
  }

  /** @throws OpenImUnreachable after `close` */
  throwIfClosed(): void {
    this.ending.signal.throwIfAborted();
  }

  /**
   * Sends a request, and retries it where OpenIM fails.
   * @param retries number of retries after the first failure
   * @throws OpenImRefusal, OpenImUnreachable
   */
  call(path: string, body: Json, retries = RETRIES.retries): Promise<AnswerFields> {
    return this.withToken((token) => this.retried(path, body, token, retries));
  }

  /**
   * Sends a request without retries.
   * @throws OpenImRefusal, OpenImUnreachable
   */
  callOnce(path: string, body: Json, timeoutMs: number): Promise<AnswerFields> {
    return this.withToken((token) => this.queued(path, body, token, timeoutMs));
  }

  private async issueToken(): Promise<IssuedToken> {
    const data = await this.retried('/auth/get_admin_token', {
      secret: this.config.OPENIM_SECRET,
      userID: this.config.OPENIM_ADMIN_USER_ID,
    });
    return { token: data.id('token'), expireTimeSeconds: data.count('expireTimeSeconds') };
  }

  /** Repeats the request once with a new token where OpenIM rejects the token. */
  private async withToken<T>(send: (token: string) => Promise<T>): Promise<T> {
    const token = await this.adminToken.get();
    try {
      return await send(token);
    } catch (error) {
      if (!(error instanceof OpenImRefusal && error.isTokenError)) {
        throw error;
      }
      this.adminToken.invalidate(token);
      return send(await this.adminToken.get());
    }
  }

  private retried(
    path: string,
    body: Json,
    token?: string,
    retries = RETRIES.retries,
  ): Promise<AnswerFields> {
    return pRetry(() => this.queued(path, body, token), {
      ...RETRIES,
      retries,
      signal: this.ending.signal,
      shouldRetry: ({ error }) =>
        (error instanceof OpenImUnreachable && !error.isTimeout) ||
        (error instanceof OpenImRefusal && error.errCode === ErrCode.Internal),
    });
  }

  private queued(path: string, body: Json, token?: string, timeoutMs = TIMEOUT_MS): Promise<AnswerFields> {
    const { signal } = this.ending;
    const onTime = (time: number): void => void (this.clockAheadMs = time - Date.now());
    const request = { path, body, timeoutMs, onTime, ...(token !== undefined && { token }) };
    return this.queue.add(
      () => {
        this.requests += 1;
        return post(this.config.OPENIM_API_URL!, request, signal);
      },
      { signal, priority: this.priority.getStore() ?? 0 },
    );
  }
}

import type { Callback } from './open-im.js';

/** Limits of OpenIM's callback queue: 2 workers, 100 slots in memory, no retry (pkg/common/webhook/http_client.go). */
const WORKERS = 2;
const SLOTS = 100;

/** OpenIM's queue of callbacks to one URL. */
export class CallbackQueue {
  private readonly waiting: Callback[] = [];
  private readonly workers: Promise<void>[] = [];
  /** Number of callbacks that found no slot; OpenIM logs none of them. */
  dropped = 0;
  sent = 0;

  /** @param post sends one callback */
  constructor(private readonly post: (callback: Callback) => Promise<unknown>) {}

  push(...callbacks: Callback[]): void {
    for (const callback of callbacks) {
      if (this.waiting.length === SLOTS) {
        this.dropped += 1;
      } else {
        this.waiting.push(callback);
      }
    }
    while (this.workers.length < WORKERS) {
      this.workers.push(this.work());
    }
  }

  /** Resolves when all callbacks have been sent. */
  async idle(): Promise<void> {
    await Promise.all(this.workers.splice(0));
  }

  private async work(): Promise<void> {
    for (let next = this.waiting.shift(); next; next = this.waiting.shift()) {
      await this.post(next).catch(() => undefined);
      this.sent += 1;
    }
  }
}

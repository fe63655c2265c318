import { Logger } from '@nestjs/common';
import type { GroupChange } from '../changes/group-change.entity.js';
import { pause } from '../waiting/poll.js';
import { LONGEST_MS } from './backoff.js';
import type { Endpoint } from './endpoint.js';
import type { WebhookMetrics } from './webhook-metrics.service.js';
import { messageOf, type WebhookMessage } from './webhook-message.js';
import { type Attempt, post } from './webhook-request.js';
import { type EndpointRow, OutdatedSenderError } from './endpoint-row.js';

/** Pauses before further tries of an attempt, in ms: many failures last no longer. */
const TRY_AGAIN_MS = [20, 100];
/** A try that takes longer, in ms, is not repeated at once. */
const QUICK_MS = 1000;
/** Shortest time between two writes of when the endpoint received something, in ms. */
const NOTE_MS = 10_000;

/** Sends changes to one endpoint in one session, and keeps what is true of the endpoint as a whole. */
export class EndpointChannel {
  private readonly logger = new Logger('Webhooks');
  /** Nothing is sent before this time, in ms since 1970: the receiver asked for it. */
  private pausedUntil = 0;
  private notedAt = 0;

  constructor(
    readonly endpoint: Endpoint,
    readonly row: EndpointRow,
    private readonly metrics: WebhookMetrics,
  ) {}

  /**
   * Sends a change, up to three times where it fails quickly.
   * @returns undefined where the signal was aborted: it may have been received
   * @throws OutdatedSenderError where the receiver wants no more: then the endpoint is stopped; the driver's error
   */
  async send(change: GroupChange, signal: AbortSignal): Promise<Attempt | undefined> {
    while (Date.now() < this.pausedUntil && !signal.aborted) {
      await pause(this.pausedUntil - Date.now(), signal);
    }
    if (signal.aborted) {
      return undefined;
    }
    const attempt = await this.tryThrice(messageOf(change), signal);
    if (signal.aborted && !attempt.isReceived) {
      return undefined;
    }
    if (attempt.isReceived) {
      await this.noteReceived();
      return attempt;
    }
    this.notedAt = 0;
    this.pausedUntil = Date.now() + Math.min(attempt.retryAfterMs ?? 0, LONGEST_MS);
    this.logger.warn(
      { ...this.about(change), problem: attempt.problem },
      'A change was not received by a webhook, and is sent again',
    );
    if (attempt.isGone) {
      await this.stop('The receiver answered 410: it wants no more changes');
    }
    return attempt;
  }

  /** Stops the endpoint until a rewind. @throws OutdatedSenderError always: the session ends */
  async stop(problem: string): Promise<never> {
    await this.row.stop(problem);
    this.logger.error({ ...this.about(), problem }, 'A webhook endpoint is stopped until a rewind');
    throw new OutdatedSenderError(problem);
  }

  /** What the log says of the endpoint and a change. */
  about(change?: { groupID: string; revision: string | bigint }): Record<string, unknown> {
    const { id, shownUrl } = this.endpoint;
    return {
      endpoint: id,
      url: shownUrl,
      ...(change && { groupID: change.groupID, revision: Number(change.revision) }),
    };
  }

  private async tryThrice(message: WebhookMessage, signal: AbortSignal): Promise<Attempt> {
    for (let tries = 0; ; tries += 1) {
      const start = Date.now();
      const attempt = await post(this.endpoint, message, signal);
      this.metrics.count(this.endpoint.id, attempt.isReceived);
      const pauseMs = TRY_AGAIN_MS[tries];
      const isFinal = attempt.isReceived || attempt.isGone || attempt.retryAfterMs !== undefined;
      if (isFinal || pauseMs === undefined || signal.aborted || Date.now() - start > QUICK_MS) {
        return attempt;
      }
      await pause(pauseMs, signal);
    }
  }

  private async noteReceived(): Promise<void> {
    if (Date.now() - this.notedAt > NOTE_MS) {
      this.notedAt = Date.now();
      await this.row.received();
    }
  }
}

import { Logger } from '@nestjs/common';
import { decodeFeedCursor, encodeFeedCursor } from '../changes/feed-cursor.js';
import { pause } from '../waiting/poll.js';
import { together } from '../waiting/together.js';
import type { Endpoint } from './endpoint.js';
import { EndpointChannel } from './endpoint-channel.js';
import { HeldGroups } from './held-groups.js';
import { SendSession } from './send-session.js';
import type { SenderTools } from './sender-tools.js';
import { type EndpointRow, OutdatedSenderError } from './endpoint-row.js';

/** Interval in which the endpoint is checked for another sender or a rewind, and pause after an error, in ms. */
const CHECK_MS = 2000;

/** Sends to one endpoint while this process is the leader: one session after another. A fault of an endpoint ends only its own. */
export class EndpointSender {
  private readonly logger = new Logger('Webhooks');

  constructor(
    private readonly endpoint: Endpoint,
    private readonly tools: SenderTools,
  ) {}

  /** Sends until the signal is aborted. */
  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      try {
        await this.session(signal);
      } catch (error) {
        if (!(error instanceof OutdatedSenderError)) {
          this.logger.warn({ err: error, endpoint: this.endpoint.id }, 'Webhooks cannot be sent now');
          await pause(CHECK_MS, signal);
        }
      }
    }
  }

  private async session(signal: AbortSignal): Promise<void> {
    const { id, shownUrl } = this.endpoint;
    const { changes, metrics, store } = this.tools;
    const end = await changes.readAfter('now', { limit: 1 });
    const state = await store.begin(id, shownUrl, encodeFeedCursor(end.epoch, end.next));
    metrics.setStopped(id, state.stoppedReason !== null);
    if (state.stoppedReason !== null) {
      await check(state.row, signal);
      return;
    }
    const session = new SendSession(
      new EndpointChannel(this.endpoint, state.row, metrics),
      decodeFeedCursor(state.cursor) ?? end.next,
      new HeldGroups(state.held, state.receivedMsAgo),
      this.tools,
    );
    await together(signal, [
      (ended) => session.follow(ended),
      (ended) => session.retry(ended),
      (ended) => check(state.row, ended),
    ]);
  }
}

/** Waits while the sender is the last one. @throws OutdatedSenderError where another one began, or the cursor was set */
async function check(row: EndpointRow, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    await pause(CHECK_MS, signal);
    if (!signal.aborted && !(await row.isCurrent())) {
      throw new OutdatedSenderError('Another sender began, or the cursor was set');
    }
  }
}

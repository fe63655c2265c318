import { once } from 'node:events';
import type { Response } from 'express';
import type { ChangePoller } from './change-poller.service.js';
import { toChangeDto } from './change.dto.js';
import type { ChangesService, FeedFilter } from './changes.service.js';
import { encodeFeedCursor, type FeedCursor } from './feed-cursor.js';

/** Interval of comments that keep proxies from closing a silent stream, in ms. */
const HEARTBEAT_MS = 15_000;

/**
 * Sends changes as server-sent events (https://html.spec.whatwg.org/multipage/server-sent-events.html) until the client goes or the service
 * stops. The id of each event is the cursor behind it: `Last-Event-ID` continues there.
 * @throws the error of a read, also before the first event
 */
export async function streamChanges(
  response: Response,
  since: string | undefined,
  filter: FeedFilter,
  { changes, poller }: { changes: ChangesService; poller: ChangePoller },
): Promise<void> {
  const gone = new AbortController();
  response.on('close', () => gone.abort());
  let cursor = since;
  while (!gone.signal.aborted && !poller.isEnded) {
    const { generation } = poller;
    const part = await changes.read(cursor, filter);
    if (!response.headersSent) {
      response.writeHead(200, {
        'content-type': 'text/event-stream; charset=utf-8',
        'cache-control': 'no-store',
        'x-accel-buffering': 'no',
      });
    }
    const idOf = (place: FeedCursor): string => encodeFeedCursor(part.epoch, place);
    for (const change of part.changes) {
      await write(
        response,
        `id: ${idOf(change)}\ndata: ${JSON.stringify(toChangeDto(change))}\n\n`,
        gone.signal,
      );
    }
    cursor = idOf(part.next);
    if (part.caughtUp) {
      await write(response, `id: ${cursor}\n:\n\n`, gone.signal);
      await poller.next(generation, HEARTBEAT_MS, gone.signal);
    }
  }
  response.end();
}

/** Writes, and waits where the client is slower than the feed: memory stays bounded. */
async function write(response: Response, text: string, gone: AbortSignal): Promise<void> {
  if (!gone.aborted && !response.write(text)) {
    await once(response, 'drain', { signal: gone }).catch(() => undefined);
  }
}

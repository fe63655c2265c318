import { ReplayService } from '../../callback/replay/replay.service.js';
import { readConfig } from '../../config/read-config.js';
import type { DeliveryOutcome } from '../../deliveries/callback-delivery.entity.js';
import { printLine, withContext } from '../context/context.js';

/** Deliveries that are replayed between two lines of progress. */
const PAGE = 100;

/** Which deliveries are replayed. */
export interface ReplayOptions {
  since: Date;
  until?: Date;
  outcome?: DeliveryOutcome;
  command?: string;
  group?: string;
}

/**
 * Replays the deliveries of a time, each as of its arrival, and prints how far it is.
 * @returns whether none failed
 */
export async function replay({ since, until, outcome, command, group }: ReplayOptions): Promise<boolean> {
  return withContext(readConfig(), { LOG_LEVEL: 'warn', RUN_MIGRATIONS: false }, async ({ app }) => {
    const replays = app.get(ReplayService);
    const totals: Record<string, number> = {};
    // Replays are deliveries too: later ones are not for this command.
    let query = {
      receivedFrom: since,
      receivedTo: until ?? new Date(),
      limit: PAGE,
      ...(outcome && { outcome }),
      ...(command !== undefined && { command }),
      ...(group !== undefined && { groupID: group }),
    };
    for (let cursor: string | null = ''; cursor !== null;) {
      const page = await replays.replayPage(query);
      Object.entries(page.outcomes).forEach(([name, count]) => {
        totals[name] = (totals[name] ?? 0) + count;
      });
      const counts = Object.entries(totals).map(([name, count]) => `${count} ${name}`);
      printLine(counts.length === 0 ? 'no deliveries match' : counts.join(', '));
      cursor = page.nextCursor;
      query = { ...query, ...(cursor !== null && { cursor }) };
    }
    return (totals['failed'] ?? 0) === 0;
  });
}

import { error, type Finding, ok, warning } from './finding.js';
import { STEPS } from './probe-steps.js';

/** Delay from which a callback is late, in ms: OpenIM sends the callbacks of all groups two at a time. */
const LATE_MS = 2000;

/** A callback of the probe that arrived. */
export interface Arrival {
  readonly command: string;
  readonly outcome: string;
  readonly problems: string | null;
  readonly receivedAt: Date;
}

/**
 * Says what the callbacks that arrived mean, and those that did not.
 * @param actedAt when the action of each command was done, by PostgreSQL's clock, in ms
 * @param wereDenied whether requests without a right token came meanwhile
 */
export function judge(
  arrivals: ReadonlyMap<string, Arrival>,
  actedAt: ReadonlyMap<string, number>,
  wereDenied: boolean,
): Finding[] {
  if (arrivals.size === 0 && wereDenied) {
    return [
      error(
        'OpenIM calls this service, and is refused: without a right token, or at a wrong path',
        'Set the url of `npm run cli -- webhooks-yml` in webhooks.yml, and restart openim-rpc-group',
      ),
    ];
  }
  if (arrivals.size === 0) {
    return [
      error(
        'A group was created, renamed and dismissed in OpenIM, and no callback came',
        'OpenIM does not call this service: its webhooks.yml has another url or token, is not mounted where OpenIM reads it, or OpenIM was not ' +
          'restarted since, or the three hooks are off. Search the log of openim-rpc-group for "webhook": it has the url of each call, but not always whether it failed',
      ),
    ];
  }
  return STEPS.map(({ done, command, line }) => {
    const arrival = arrivals.get(command);
    if (!arrival) {
      return error(
        `A group was ${done} in OpenIM, and ${command} never came`,
        `Set ${line}: { enable: true, timeout: 5 } in webhooks.yml, and restart openim-rpc-group`,
      );
    }
    if (arrival.outcome === 'rejected' || arrival.outcome === 'failed') {
      return error(
        `${command} came, and was not written: ${arrival.problems}`,
        'Report it with the body in GET /admin/deliveries: this version of OpenIM may send it otherwise',
      );
    }
    const delay = Math.max(0, arrival.receivedAt.getTime() - actedAt.get(command)!);
    return delay > LATE_MS
      ? warning(
          `${command} came ${(delay / 1000).toFixed(1)} s after the group was ${done}`,
          'Read the latency of callbacks in GET /metrics: OpenIM sends two at a time, so that slow ones delay all others',
        )
      : ok(`${command} came ${Math.round(delay)} ms after the group was ${done}`);
  });
}

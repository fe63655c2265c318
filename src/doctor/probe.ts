import { setTimeout as sleep } from 'node:timers/promises';
import type { DataSource } from 'typeorm';
import { afterCreateGroup } from '../callback/payloads/after-create-group.js';
import { afterDismissGroup } from '../callback/payloads/after-dismiss-group.js';
import { afterSetGroupInfo } from '../callback/payloads/after-set-group-info.js';
import type { Config } from '../config/config.js';
import { OpenImRefusal } from '../openim/openim-error.js';
import { countDenied } from './denied-callbacks.js';
import { error, type Finding, ok, skipped, warning } from './finding.js';
import { ProbeGroup } from './probe-group.js';

/** Time for the callbacks to come after the last action, in ms. OpenIM sends them within ms, unless its queue is full. */
const WAIT_MS = 4000;
const POLL_MS = 100;
/** Delay from which a callback is late, in ms: OpenIM sends the callbacks of all groups two at a time. */
const LATE_MS = 2000;

/** OpenIM's code where the receiver of a `before...` callback does not answer (pkg/common/servererrs, CallbackError and NetworkError). */
const BEFORE_FAILED = 90004;

/** An action of the probe, with the callback that it makes OpenIM send. */
interface Step {
  readonly done: string;
  readonly command: string;
  readonly line: string;
  readonly act: (group: ProbeGroup) => Promise<void>;
}

const STEPS: readonly Step[] = [
  {
    done: 'created',
    command: afterCreateGroup.name,
    line: afterCreateGroup.webhook.key,
    act: (group) => group.create(),
  },
  {
    done: 'renamed',
    command: afterSetGroupInfo.name,
    line: afterSetGroupInfo.webhook.key,
    act: (group) => group.rename(),
  },
  {
    done: 'dismissed',
    command: afterDismissGroup.name,
    line: afterDismissGroup.webhook.key,
    act: (group) => group.dismiss(),
  },
];

/** A callback of the probe that arrived. */
interface Arrival {
  readonly command: string;
  readonly outcome: string;
  readonly problems: string | null;
  readonly receivedAt: Date;
}

const ARRIVALS = `
  SELECT DISTINCT ON (command) command, outcome, problems, received_at AS "receivedAt"
  FROM callback_deliveries WHERE group_id = $1 ORDER BY command, received_at`;

/**
 * Creates, renames and dismisses a group in OpenIM, and waits for its callbacks in this database. The group is dismissed in any case; its
 * row in the mirror stays, as that of any dismissed group, so that followers of the changes see nothing impossible.
 * @param ending its abort ends the probe: the group is dismissed first
 */
export async function probe(dataSource: DataSource, config: Config, ending: AbortSignal): Promise<Finding[]> {
  if (config.OPENIM_API_URL === undefined) {
    return [skipped('No probe without OPENIM_API_URL', 'Set OPENIM_API_URL, with OPENIM_SECRET')];
  }
  const group = new ProbeGroup(config);
  try {
    const findings = await tryCallbacks(group, dataSource, config, ending);
    return [...findings, ...(await dismissed(group))];
  } finally {
    group.close();
  }
}

async function tryCallbacks(
  group: ProbeGroup,
  dataSource: DataSource,
  config: Config,
  ending: AbortSignal,
): Promise<Finding[]> {
  const denied = await countDenied(config);
  const actedAt = new Map<string, number>();
  try {
    for (const { command, act } of STEPS) {
      ending.throwIfAborted();
      const [{ now }] = await dataSource.query<[{ now: Date }]>('SELECT clock_timestamp() AS now');
      actedAt.set(command, now.getTime());
      await act(group);
    }
  } catch (problem) {
    return [
      error(
        `The probe could not be made: ${ending.aborted ? 'it was interrupted' : (problem as Error).message}`,
        problem instanceof OpenImRefusal && problem.errCode === BEFORE_FAILED
          ? 'A before... callback in webhooks.yml is on, and its receiver does not answer: set enable: false in each before... line'
          : 'Read the log of OpenIM: an admin must be registered as a user to create a group',
      ),
    ];
  }
  const arrivals = await arrivalsOf(dataSource, group.groupID, ending);
  return judge(arrivals, actedAt, (await countDenied(config)) > denied);
}

/** Dismisses the group where that was not done. */
async function dismissed(group: ProbeGroup): Promise<Finding[]> {
  try {
    await group.dismiss();
    return [];
  } catch (problem) {
    return group.isCreated
      ? [
          error(
            `The group ${group.groupID} of the probe is left in OpenIM: ${(problem as Error).message}`,
            'Dismiss it with OpenIM’s POST /group/dismiss_group',
          ),
        ]
      : [];
  }
}

/** Waits until all callbacks arrived, for 4 s at most. */
async function arrivalsOf(
  dataSource: DataSource,
  groupID: string,
  ending: AbortSignal,
): Promise<ReadonlyMap<string, Arrival>> {
  const end = Date.now() + WAIT_MS;
  for (;;) {
    const rows = await dataSource.query<Arrival[]>(ARRIVALS, [groupID]);
    if (rows.length >= STEPS.length || Date.now() > end || ending.aborted) {
      return new Map(rows.map((arrival) => [arrival.command, arrival]));
    }
    await sleep(POLL_MS);
  }
}

/** @param wereDenied whether requests without a right token came meanwhile */
function judge(
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
          'restarted since, or the three hooks are off. Search the log of openim-rpc-group for "webhook": it has each call and its error',
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

import { setTimeout as sleep } from 'node:timers/promises';
import type { DataSource } from 'typeorm';
import type { Config } from '../config/config.js';
import { OpenImRefusal } from '../openim/openim-error.js';
import { countDenied } from './denied-callbacks.js';
import { error, type Finding } from './finding.js';
import { ProbeGroup } from './probe-group.js';
import { STEPS } from './probe-steps.js';
import { type Arrival, judge } from './probe-verdict.js';

/** Time for the callbacks to come after the last action, in ms. OpenIM sends them within ms, unless its queue is full. */
const WAIT_MS = 4000;
const POLL_MS = 100;
/** Time for which the dismissal of a group is tried whose creation was not answered, in ms. */
const DISMISS_MS = 5000;
const RETRY_MS = 500;

/** OpenIM's code where the receiver of a `before...` callback does not answer (pkg/common/servererrs, CallbackError and NetworkError). */
const BEFORE_FAILED = 90004;

/** OpenIM sends others for the group too, such as those of conversations and messages. */
const ARRIVALS = `
  SELECT DISTINCT ON (command) command, outcome, problems, received_at AS "receivedAt"
  FROM callback_deliveries WHERE group_id = $1 AND command = ANY ($2) ORDER BY command, received_at`;

/**
 * Creates, renames and dismisses a group in OpenIM, and waits for its callbacks in this database. The group is dismissed in any case; its
 * row in the mirror stays, as that of any dismissed group, so that followers of the changes see nothing impossible.
 * @param ending its abort ends the probe: the group is dismissed first
 */
export async function probe(dataSource: DataSource, config: Config, ending: AbortSignal): Promise<Finding[]> {
  const group = new ProbeGroup(config);
  try {
    const findings = await tryCallbacks(group, dataSource, config, ending);
    return [...findings, ...(await dismiss(group))];
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
    const arrivals = await arrivalsOf(dataSource, group.groupID, ending);
    return judge(arrivals, actedAt, (await countDenied(config)) > denied);
  } catch (problem) {
    return ending.aborted
      ? [error('The probe was interrupted', 'Run it again')]
      : [error(`The probe could not be made: ${(problem as Error).message}`, actionOf(problem))];
  }
}

function actionOf(problem: unknown): string {
  if (!(problem instanceof OpenImRefusal)) {
    return 'Check that all processes of OpenIM are running, and read the log of openim-rpc-group for this request';
  }
  return problem.errCode === BEFORE_FAILED
    ? 'A before... callback in webhooks.yml is on, and its receiver does not answer: set enable: false in each before... line'
    : 'Read the log of OpenIM: an admin must be registered as a user to create a group';
}

/** Dismisses the group where that was not done. A creation without an answer may still be going on, so that OpenIM does not know the group yet. */
async function dismiss(group: ProbeGroup): Promise<Finding[]> {
  for (const end = Date.now() + DISMISS_MS; ; await sleep(RETRY_MS)) {
    try {
      await group.dismiss();
      return [];
    } catch (problem) {
      if (group.isCreated || Date.now() > end) {
        return [
          error(
            `The group ${group.groupID} of the probe ${group.isCreated ? 'is' : 'may be'} left in OpenIM: ${(problem as Error).message}`,
            'Dismiss it with OpenIM’s POST /group/dismiss_group',
          ),
        ];
      }
    }
  }
}

/**
 * Waits until all callbacks arrived, for 4 s at most.
 * @throws the signal's reason where that is aborted
 */
async function arrivalsOf(
  dataSource: DataSource,
  groupID: string,
  ending: AbortSignal,
): Promise<ReadonlyMap<string, Arrival>> {
  const commands = STEPS.map(({ command }) => command);
  for (const end = Date.now() + WAIT_MS; ; await sleep(POLL_MS)) {
    const rows = await dataSource.query<Arrival[]>(ARRIVALS, [groupID, commands]);
    ending.throwIfAborted();
    if (rows.length === commands.length || Date.now() > end) {
      return new Map(rows.map((arrival) => [arrival.command, arrival]));
    }
  }
}

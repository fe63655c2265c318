import { SingleBar } from 'cli-progress';
import { DataSource } from 'typeorm';
import { OpenImClient } from '../../openim/openim.client.js';
import { pause } from '../../waiting/poll.js';
import { LeaderLease } from '../../postgres/leader-lease.js';
import { RECONCILIATION_LEASE } from '../../reconciliation/reconciliation-lease.js';
import type { ReconciliationRun, RunKind } from '../../reconciliation/run-log/reconciliation-run.entity.js';
import { RunRecorder } from '../../reconciliation/runs/run-recorder.js';
import { RunLogService } from '../../reconciliation/run-log/run-log.service.js';
import { RunnerService } from '../../reconciliation/runs/runner.service.js';
import {
  CommandError,
  type Context,
  configWithOpenIm,
  endSignal,
  printLine,
  withContext,
} from '../context/context.js';

/** Interval of the reads of a run that another process does, in ms. */
const POLL_MS = 500;

type Figures = Pick<
  ReconciliationRun,
  'groups' | 'groupsRead' | 'members' | 'differences' | 'requests' | 'problem'
>;

/**
 * Does a run, in this process or in the one that leads reconciliation. Shows its progress.
 * @throws CommandError where the run fails
 */
export async function run(kind: RunKind): Promise<void> {
  const config = configWithOpenIm();
  const end = endSignal();
  const bar = process.stdout.isTTY ? progressBar() : undefined;
  await withContext(config, { LOG_LEVEL: bar ? 'warn' : 'info' }, async (context) => {
    try {
      const figures =
        (await runHere(context, kind, end, bar)) ?? (await runElsewhere(context, kind, end, bar));
      bar?.stop();
      printLine(describe(figures));
    } finally {
      bar?.stop();
    }
  });
}

/** Does the run in this process. @returns undefined where another process leads reconciliation */
async function runHere(
  { app }: Context,
  kind: RunKind,
  end: AbortSignal,
  bar?: ProgressBar,
): Promise<Figures | undefined> {
  end.addEventListener('abort', () => app.get(OpenImClient).close());
  const figures = app.get(RunnerService).create(kind);
  const lease = new LeaderLease(app.get(DataSource), RECONCILIATION_LEASE);
  const work = async (signal: AbortSignal): Promise<void> => {
    try {
      await app.get(RunRecorder).record(figures, signal, bar && (() => bar.update(figures)));
    } catch (error) {
      throw end.aborted ? end.reason : error;
    }
  };
  for (;;) {
    if (await lease.runIfLeader(end, work)) {
      return figures;
    }
    end.throwIfAborted();
    if (await lease.isHeldElsewhere(end)) {
      return undefined;
    }
  }
}

/** Requests the run from the leader, and waits for its end. */
async function runElsewhere(
  { app }: Context,
  kind: RunKind,
  end: AbortSignal,
  bar?: ProgressBar,
): Promise<Figures> {
  printLine('Another process leads reconciliation and does this run');
  const log = app.get(RunLogService);
  const { id } = await log.request(kind);
  for (let current = await log.get(id); current; current = await log.get(id)) {
    if (current.endedAt !== null) {
      if (current.state !== 'done') {
        throw new CommandError(
          `The run is ${current.state}: ${current.problem ?? 'its process ended'}. Run the command again`,
        );
      }
      return current;
    }
    bar?.update(current);
    await pause(POLL_MS, end);
    if (end.aborted) {
      throw new CommandError('Interrupted; the other process continues the run');
    }
  }
  throw new CommandError('The run was removed from the database. Run the command again');
}

type ProgressBar = ReturnType<typeof progressBar>;

function progressBar() {
  const bar = new SingleBar({
    format:
      '{bar} {percentage}% | {value} of {total} groups | {members} members | {differences} differences | {eta_formatted} left',
    formatTime: (seconds) => (Number.isFinite(seconds) ? `${seconds} s` : '?'),
    hideCursor: true,
  });
  bar.start(1, 0, { members: 0, differences: 0 });
  return {
    update: ({ groups, groupsRead, members, differences }: Figures) => {
      bar.setTotal(Math.max(groups, 1));
      bar.update(Math.min(groupsRead, groups), { members, differences });
    },
    stop: () => bar.stop(),
  };
}

function describe({ groups, groupsRead, members, differences, requests, problem }: Figures): string {
  const figures = `${groupsRead} of ${groups} groups read, ${members} members, ${differences} differences, ${requests} requests`;
  return problem === null ? figures : `${figures}. ${problem}`;
}

import { setTimeout as sleep } from 'node:timers/promises';
import { SingleBar } from 'cli-progress';
import { DataSource } from 'typeorm';
import { OpenImClient } from '../../openim/openim.client.js';
import { LeaderLease } from '../../postgres/leader-lease.js';
import { RECONCILIATION } from '../../reconciliation/reconciliation-lease.js';
import type { ReconciliationRun, RunKind } from '../../reconciliation/run-log/reconciliation-run.entity.js';
import { RunRecorder } from '../../reconciliation/runs/run-recorder.js';
import { RunLogService } from '../../reconciliation/run-log/run-log.service.js';
import { RunnerService } from '../../reconciliation/runs/runner.service.js';
import {
  CommandError,
  type Context,
  configWithOpenIm,
  endSignal,
  say,
  withContext,
} from '../context/context.js';

const POLL_MS = 500;

type Figures = Pick<
  ReconciliationRun,
  'groups' | 'groupsRead' | 'members' | 'differences' | 'requests' | 'problem'
>;

/**
 * Does a run: here, or in the service if that reconciles already. Shows how far it is.
 * @throws CommandError where it fails
 */
export async function run(kind: RunKind): Promise<void> {
  const config = configWithOpenIm();
  const end = endSignal();
  const bar = process.stdout.isTTY ? progressBar() : undefined;
  await withContext(config, { LOG_LEVEL: bar ? 'warn' : 'info' }, async (context) => {
    try {
      const figures = (await runHere(context, kind, end, bar)) ?? (await runThere(context, kind, end, bar));
      bar?.stop();
      say(inWords(figures));
    } finally {
      bar?.stop();
    }
  });
}

/** @returns undefined where another process reconciles */
async function runHere(
  { app }: Context,
  kind: RunKind,
  end: AbortSignal,
  bar?: ProgressBar,
): Promise<Figures | undefined> {
  end.addEventListener('abort', () => app.get(OpenImClient).close());
  const figures = app.get(RunnerService).prepare(kind);
  const lease = new LeaderLease(app.get(DataSource), RECONCILIATION);
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

/** Asks the process that reconciles for the run, and waits for its end. */
async function runThere(
  { app }: Context,
  kind: RunKind,
  end: AbortSignal,
  bar?: ProgressBar,
): Promise<Figures> {
  say('Another process reconciles; it is asked to do this run');
  const log = app.get(RunLogService);
  const { id } = await log.request(kind);
  for (let now = await log.get(id); now; now = await log.get(id)) {
    if (now.endedAt !== null) {
      if (now.state !== 'done') {
        throw new CommandError(`The run ${now.state}: ${now.problem ?? 'the process that did it ended'}`);
      }
      return now;
    }
    bar?.update(now);
    await sleep(POLL_MS, undefined, { signal: end }).catch(() => undefined);
    if (end.aborted) {
      throw new CommandError('No longer watching; the other process goes on with the run');
    }
  }
  throw new CommandError('The run is not in the database any more');
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

function inWords({ groups, groupsRead, members, differences, requests, problem }: Figures): string {
  const figures = `${groupsRead} of ${groups} groups read, ${members} members, ${differences} differences, ${requests} requests`;
  return problem === null ? figures : `${figures}. ${problem}`;
}

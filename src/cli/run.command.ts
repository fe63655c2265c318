import { setTimeout as sleep } from 'node:timers/promises';
import { SingleBar } from 'cli-progress';
import { leadOnce } from '../reconciliation/leadership.js';
import type { ReconciliationRun, RunKind } from '../reconciliation/reconciliation-run.entity.js';
import { RunRecorder } from '../reconciliation/run-recorder.js';
import { RunService } from '../reconciliation/run.service.js';
import { RunsService } from '../reconciliation/runs.service.js';
import { CommandError, type Context, requireOpenIm, say, withContext } from './context.js';

const POLL_MS = 500;

type Figures = Pick<ReconciliationRun, 'groups' | 'groupsRead' | 'members' | 'repairs'>;

/**
 * Does a run: here, or in the service if that reconciles already. Shows how far it is.
 * @throws CommandError where it fails
 */
export async function run(kind: RunKind): Promise<void> {
  const show = process.stdout.isTTY ? progressBar() : undefined;
  const end = new AbortController();
  process.on('SIGINT', () => end.abort(new CommandError('Interrupted; what was read is kept')));
  await withContext({ LOG_LEVEL: show ? 'warn' : 'info' }, async (context) => {
    requireOpenIm(context.config);
    try {
      const isHere = await leadOnce(context.databaseUrl, end.signal, async (signal) => {
        const { app } = context;
        const figures = app.get(RunService).prepare(kind);
        await app.get(RunRecorder).record(figures, signal, show && (() => show.update(figures)));
      });
      if (!isHere) {
        say('Another process reconciles; it is asked to do this run');
        await follow(context, kind, end.signal, show);
      }
    } finally {
      show?.stop();
    }
    const [last] = await context.app.get(RunsService).latest(1);
    say(inWords(last!));
  });
}

/** Asks the process that reconciles for the run, and waits for its end. */
async function follow(
  { app }: Context,
  kind: RunKind,
  signal: AbortSignal,
  show?: ReturnType<typeof progressBar>,
): Promise<void> {
  const runs = app.get(RunsService);
  const { id } = await runs.request(kind);
  for (;;) {
    const now = await runs.get(id);
    if (now && now.endedAt !== null) {
      if (now.state !== 'done') {
        throw new CommandError(`The run ${now.state}: ${now.problem ?? 'the process that did it ended'}`);
      }
      return;
    }
    show?.update(now!);
    await sleep(POLL_MS, undefined, { signal });
  }
}

function progressBar() {
  const bar = new SingleBar({
    format:
      '{bar} {percentage}% | {value} of {total} groups | {members} members | {repairs} repairs | {eta_formatted} left',
    formatTime: (seconds) => (Number.isFinite(seconds) ? `${seconds} s` : '?'),
    hideCursor: true,
  });
  bar.start(1, 0, { members: 0, repairs: 0 });
  return {
    update: ({ groups, groupsRead, members, repairs }: Figures) => {
      bar.setTotal(Math.max(groups, 1));
      bar.update(Math.min(groupsRead, groups), { members, repairs });
    },
    stop: () => bar.stop(),
  };
}

function inWords({ groups, groupsRead, members, repairs, requests, problem }: ReconciliationRun): string {
  const figures = `${groupsRead} of ${groups} groups read, ${members} members, ${repairs} repairs, ${requests} requests`;
  return problem === null ? figures : `${figures}. ${problem}`;
}

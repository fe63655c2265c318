import { isSilent } from '../../hooks/hooks.service.js';
import { CLOCK_DIFFERENCE_MS } from '../../openim/timing.js';
import type { DatabaseCondition } from '../../postgres/database-state.js';
import type { Overview } from './overview.service.js';

/** What needs attention, with its number. */
export interface Problem {
  readonly kind:
    | 'databaseAway'
    | 'databaseUnwritable'
    | 'journalClosed'
    | 'before'
    | 'failed'
    | 'rejected'
    | 'silent'
    | 'clock'
    | 'journalWaiting'
    | 'neverCalled'
    | 'lost'
    | 'noOpenIm'
    | 'stale'
    | 'incomplete';
  readonly level: 'error' | 'warning';
  readonly number: number;
  /** Names, of some kinds. */
  readonly names: string;
}

/** Returns what needs attention, worst first. Nobody can say that everything works while a part is not known. */
export function problemsOf(
  {
    journal,
    hasJournal,
    reconciliation,
    waiting,
    outcomes,
    commands,
    connection,
  }: Omit<Overview, 'problems'>,
  database: DatabaseCondition,
): Problem[] {
  const isOff = reconciliation?.state === 'off';
  const before = connection?.beforeCommands ?? [];
  const silent = (connection?.lostCallbacks ?? []).filter(isSilent);
  const clock = Math.round(Math.abs(connection?.clockDifferenceMs ?? 0) / 1000);
  const candidates: [Problem['kind'], Problem['level'], number | boolean | undefined, names?: string[]][] = [
    ['databaseAway', 'error', database === 'away'],
    ['databaseUnwritable', 'error', database === 'unwritable'],
    ['journalClosed', 'error', hasJournal && !journal.open],
    ['before', 'error', before.length, before],
    ['failed', 'error', outcomes?.failed],
    ['rejected', 'error', outcomes?.rejected],
    ['journalWaiting', 'warning', journal.waiting],
    ['neverCalled', 'warning', commands?.every(({ receivedAt }) => receivedAt === null)],
    ['silent', 'warning', silent.length, silent.flatMap(({ hooks }) => hooks)],
    ['lost', 'warning', reconciliation?.missedCallbacks],
    ['clock', 'warning', clock > CLOCK_DIFFERENCE_MS / 1000 && clock],
    ['noOpenIm', 'warning', isOff],
    ['stale', 'warning', !isOff && waiting?.stale],
    [
      'incomplete',
      'warning',
      database !== 'away' && [reconciliation, waiting, outcomes, commands, connection].includes(null),
    ],
  ];
  return candidates
    .map(([kind, level, number, names = []]) => ({
      kind,
      level,
      number: Number(number ?? 0),
      names: names.join(', '),
    }))
    .filter(({ number }) => number > 0);
}

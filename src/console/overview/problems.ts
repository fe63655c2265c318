import type { DatabaseCondition } from '../../postgres/database-state.js';
import type { Overview } from './overview.service.js';

/** What needs attention, with its number. */
export interface Problem {
  readonly kind:
    | 'databaseAway'
    | 'databaseUnwritable'
    | 'journalClosed'
    | 'failed'
    | 'rejected'
    | 'journalWaiting'
    | 'neverCalled'
    | 'lost'
    | 'noOpenIm'
    | 'stale';
  readonly level: 'error' | 'warning';
  readonly number: number;
}

/** Returns what needs attention, worst first. A part that is not known is no problem. */
export function problemsOf(
  { journal, hasJournal, reconciliation, outcomes, commands }: Omit<Overview, 'problems'>,
  database: DatabaseCondition,
): Problem[] {
  const isOff = reconciliation?.state === 'off';
  const candidates: [Problem['kind'], Problem['level'], number | boolean | undefined][] = [
    ['databaseAway', 'error', database === 'away'],
    ['databaseUnwritable', 'error', database === 'unwritable'],
    ['journalClosed', 'error', hasJournal && !journal.open],
    ['failed', 'error', outcomes?.failed],
    ['rejected', 'error', outcomes?.rejected],
    ['journalWaiting', 'warning', journal.waiting],
    ['neverCalled', 'warning', commands?.every(({ receivedAt }) => receivedAt === null)],
    ['lost', 'warning', reconciliation?.missedCallbacks],
    ['noOpenIm', 'warning', isOff],
    ['stale', 'warning', !isOff && reconciliation?.waiting.stale],
  ];
  return candidates
    .map(([kind, level, number]) => ({ kind, level, number: Number(number ?? 0) }))
    .filter(({ number }) => number > 0);
}

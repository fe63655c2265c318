import type { ReconciliationState } from '../../reconciliation/reconciliation.service.js';
import type { WaitingDto } from '../../reconciliation/reconciliation.dto.js';
import type { StatsDto } from '../../stats/stats.dto.js';
import { useTexts } from './context.js';
import { Fields, Table } from './lists.js';
import { Badge, Count, Figure, Time, type Tone } from './parts.js';

/** Runs on the overview. */
const RUNS = 5;
const TONES: Record<string, Tone> = { done: 'good', failed: 'bad', interrupted: 'warn' };

/** The state of reconciliation, and the groups that wait; null: not known in time. */
export function Reconciliation({
  state,
  waiting,
}: {
  state: ReconciliationState | null;
  waiting: WaitingDto | null;
}) {
  const t = useTexts();
  return (
    <section>
      <h2>{t.reconciliationTitle}</h2>
      {state === null ? (
        <p class="quiet">{t.unknownFigure}</p>
      ) : (
        <>
          <Fields
            of={[
              [
                t.state,
                <Badge tone={state.state === 'off' ? 'warn' : 'good'}>
                  {t.reconciliationStates[state.state]}
                </Badge>,
              ],
              [t.staleGroups, <Figure number={waiting && waiting.stale} />],
              [t.neverRead, <Figure number={waiting && waiting.neverRead} />],
              [t.absent, <Figure number={waiting && waiting.absent} />],
              [
                t.drift,
                state.drift
                  .map(({ kind, differences }) => `${t.driftKinds[kind]} ${differences}`)
                  .join(' · ') || t.noDrift,
              ],
            ]}
          />
          <Runs runs={state.runs.slice(0, RUNS)} />
        </>
      )}
    </section>
  );
}

function Runs({ runs }: { runs: ReconciliationState['runs'] }) {
  const t = useTexts();
  return (
    <Table
      label={t.runs}
      rows={runs}
      empty={t.noRuns}
      columns={[
        [t.run, ({ kind }) => t.runKinds[kind]],
        [t.state, (run) => <Badge tone={TONES[run.state] ?? 'calm'}>{t.runStates[run.state]}</Badge>],
        [t.groupsRead, ({ groupsRead }) => <Count of={groupsRead} />, 'number'],
        [t.differences, ({ differences }) => <Count of={differences} />, 'number'],
        [t.started, ({ startedAt }) => <Time at={startedAt} />, 'time'],
      ]}
    />
  );
}

/** The journal of this process. */
export function Journal({ journal, isOn }: { journal: StatsDto['journal']; isOn: boolean }) {
  const t = useTexts();
  const [tone, state]: [Tone, string] = !isOn
    ? ['warn', t.journalOff]
    : journal.open
      ? ['good', t.journalOpen]
      : ['bad', t.journalShut];
  return (
    <section>
      <h2>{t.journalTitle}</h2>
      <Fields
        of={[
          [t.state, <Badge tone={tone}>{state}</Badge>],
          [t.waiting, <Count of={journal.waiting} />],
          [t.size, t.bytes(journal.bytes)],
          [t.oldest, journal.oldestReceivedAt && <Time at={journal.oldestReceivedAt} />],
        ]}
      />
      <p class="hint">{t.journalOf}</p>
    </section>
  );
}

import type { Bucket, Outcomes } from '../overview/callback-history.js';
import type { Overview as Props } from '../overview/overview.service.js';
import type { Problem } from '../overview/problems.js';
import { CHARTED, peakOf } from './chart.js';
import { useTexts } from './context.js';
import { Layout } from './layout.js';
import { type Column, Fields, Table } from './lists.js';
import { Count, Figure, Foreign, Time } from './parts.js';
import { Journal, Reconciliation } from './overview-parts.js';

/** Where staff looks into a problem. */
const PLACES: Partial<Record<Problem['kind'], string>> = {
  failed: '/console/deliveries?outcome=failed',
  rejected: '/console/deliveries?outcome=rejected',
  before: '/console/connect',
  silent: '/console/connect',
  neverCalled: '/console/connect',
  lost: '/console/connect',
  noOpenIm: '/console/connect',
  stale: '/console/groups?stale=true',
};

/** Whether it is healthy, and what came in. */
export function Overview({
  problems,
  journal,
  hasJournal,
  reconciliation,
  waiting,
  history,
  outcomes,
  commands,
}: Props) {
  const t = useTexts();
  return (
    <Layout title={t.nav.overview} section="overview">
      <Verdict problems={problems} />
      <Fields
        kind="figures"
        of={[
          [t.callbacksDay, <Figure number={outcomes && sum(outcomes)} />],
          [t.lostDay, <Figure number={reconciliation && reconciliation.missedCallbacks} />],
          [t.staleGroups, <Figure number={waiting && waiting.stale} />],
          [t.inJournal, <Figure number={journal.waiting} />],
          [t.lastCallback, <Time at={commands?.[0]?.receivedAt ?? null} />],
        ]}
      />
      <Chart history={history} outcomes={outcomes} />
      <div class="columns">
        <section>
          <h2>{t.commandsTitle}</h2>
          <Table
            label={t.commandsTitle}
            rows={commands ?? []}
            empty={t.unknownFigure}
            columns={[
              [t.command, ({ command }) => <CommandLink command={command} />, 'main'],
              [t.received, ({ receivedAt }) => (receivedAt ? <Time at={receivedAt} /> : t.never), 'time'],
            ]}
          />
        </section>
        <div>
          <Reconciliation state={reconciliation} waiting={waiting} />
          <Journal journal={journal} isOn={hasJournal} />
        </div>
      </div>
    </Layout>
  );
}

function Verdict({ problems }: { problems: Problem[] }) {
  const t = useTexts();
  const worst = problems.some(({ level }) => level === 'error') ? 'bad' : 'warn';
  return (
    <section class={`verdict ${problems.length === 0 ? 'good' : worst}`}>
      <h1>{problems.length === 0 ? t.healthy : t.attention(problems.length)}</h1>
      {problems.length > 0 && (
        <ul>
          {problems.map(({ kind, level, number, names }) => (
            <li class={level === 'error' ? 'bad' : 'warn'}>
              {PLACES[kind] ? (
                <a href={PLACES[kind]}>{t.problems[kind](number, names)}</a>
              ) : (
                <span>{t.problems[kind](number, names)}</span>
              )}
            </li>
          ))}
        </ul>
      )}
    </section>
  );
}

const CommandLink = ({ command }: { command: string }) => (
  <a href={`/console/deliveries?command=${encodeURIComponent(command)}`}>
    <Foreign text={command} />
  </a>
);

function Chart({ history, outcomes }: { history: Bucket[] | null; outcomes: Outcomes | null }) {
  const t = useTexts();
  return (
    <section class="chart">
      <h2>{t.chartTitle}</h2>
      <p class="legend">
        {CHARTED.map((outcome) => (
          <span class={outcome}>
            {t.outcomes[outcome]} {outcomes && <Count of={outcomes[outcome] ?? 0} />}
          </span>
        ))}
        {history && <span class="peak">{t.chartPeak(peakOf(history).toFixed(1))}</span>}
      </p>
      <picture>
        <source media="(prefers-color-scheme: dark)" srcset="/console/chart.svg?theme=dark" />
        <img src="/console/chart.svg" alt={t.chartAlt} width="960" height="160" />
      </picture>
      <p class="axis">
        <span>{t.dayAgo}</span>
        <span>{t.now}</span>
      </p>
      {history ? <ChartTable history={history} /> : <p class="hint">{t.chartLate}</p>}
    </section>
  );
}

function ChartTable({ history }: { history: Bucket[] }) {
  const t = useTexts();
  const hours = Array.from({ length: 24 }, (_, hour) => history.slice(hour * 4, hour * 4 + 4));
  return (
    <details>
      <summary>{t.chartTable}</summary>
      <Table
        label={t.chartTitle}
        rows={hours}
        empty=""
        columns={[
          [t.hour, ([first]) => new Date(first!.start).toISOString().slice(5, 16).replace('T', ' ')],
          ...CHARTED.map((outcome): Column<Bucket[]> => [
            t.outcomes[outcome],
            (quarters) => (
              <Count of={quarters.reduce((all, { outcomes }) => all + (outcomes[outcome] ?? 0), 0)} />
            ),
            'number',
          ]),
        ]}
      />
    </details>
  );
}

const sum = (outcomes: Outcomes): number => Object.values(outcomes).reduce((all, number) => all + number, 0);

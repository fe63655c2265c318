import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { fixture } from './helpers/fixtures.js';
import { type Metrics, openImMetrics, readMetrics } from './helpers/metrics.js';
import { hasPromtool, promtool, testRules } from './helpers/promtool.js';
import { CREATE, Service } from './helpers/service.js';
import { statesOfDocs } from './helpers/states.js';

const OPS = join(import.meta.dirname, '../ops');
const file = (name: string) => readFileSync(join(OPS, name), 'utf8');

interface Rule {
  alert: string;
  expr: string;
  labels: { severity: string };
  annotations: { summary: string; description: string };
}
const rules = (): Rule[] => (parse(file('alerts.yml')) as { groups: { rules: Rule[] }[] }).groups[0]!.rules;

interface Dashboard {
  templating: { list: { name: string; type: string }[] };
  panels: {
    id: number;
    type: string;
    title: string;
    gridPos: { h: number; w: number; x: number; y: number };
    datasource?: { uid: string };
    targets?: { expr: string; datasource: { uid: string } }[];
  }[];
}
const dashboard = () => JSON.parse(file('grafana-dashboard.json')) as Dashboard;

let metrics: Metrics;
let exposition: string;

beforeAll(async () => {
  const service = await Service.start({ OPENIM_API_URL: 'http://127.0.0.1:9', OPENIM_SECRET: 's' });
  await service.post(CREATE, fixture(CREATE, 'documented'));
  await service.admin('/groups');
  metrics = await readMetrics(service.url);
  exposition = (await service.fetch('/metrics')).text;
  await service.stop();
});

const withPromtool = hasPromtool ? it : it.skip;

const FILES = readdirSync(OPS, { withFileTypes: true }).filter((entry) => entry.isFile());

it.each(FILES.map(({ name }) => name))(
  'The file ops/%s names no metric that the service does not have',
  (name) => {
    expect(openImMetrics(file(name)).filter((metric) => !metrics.names.includes(metric))).toEqual([]);
  },
);

describe('The alerts', () => {
  it('have a severity, an expression, a summary and a description with the steps to take', () => {
    expect(rules().length).toBeGreaterThan(10);
    for (const { alert, expr, labels, annotations } of rules()) {
      expect([alert, labels.severity]).toEqual([alert, expect.stringMatching(/^(warning|critical)$/)]);
      expect(expr).not.toBe('');
      expect(annotations.summary.length).toBeGreaterThan(10);
      expect(annotations.description.length).toBeGreaterThan(50);
    }
    expect(new Set(rules().map(({ alert }) => alert)).size).toBe(rules().length);
  });

  it('are listed in docs/observability.md, with their severity', () => {
    const page = readFileSync(join(OPS, '../docs/observability.md'), 'utf8');
    const listed = [...page.matchAll(/^\| `(OpenIm\w+)` \| (\w+) \|/gm)].map((row) => `${row[1]} ${row[2]}`);
    expect(listed.toSorted()).toEqual(
      rules()
        .map(({ alert, labels }) => `${alert} ${labels.severity}`)
        .toSorted(),
    );
  });

  it('use labels that the metrics have', () => {
    for (const [, name = '', label = ''] of rules().flatMap(({ expr }) => [
      ...expr.matchAll(/(openim_\w+?)(?:_bucket)?\{(\w+)(?:=~?|!=)/g),
    ])) {
      expect([name, metrics.all(name).some(({ labels }) => label in labels)]).toEqual([name, true]);
    }
  });
});

it('The expressions of alerts and panels select values of labels that the metrics have', () => {
  const expressions = [
    ...rules().map(({ expr }) => expr),
    ...dashboard().panels.flatMap(({ targets = [] }) => targets.map(({ expr }) => expr)),
  ];
  const selected = expressions.flatMap((expr) =>
    [...expr.matchAll(/(openim_\w+)\{([^}]*)\}/g)].flatMap(([, name = '', matchers = '']) =>
      [...matchers.matchAll(/(outcome|kind|step|reason|state|endpoint)=~?"([^"]*)"/g)].flatMap(
        ([, label = '', values = '']) => values.split('|').map((value) => `${name} ${label}=${value}`),
      ),
    ),
  );
  const known = new Set(
    metrics.samples.flatMap(({ name, labels }) =>
      Object.entries(labels).map(([label, value]) => `${name} ${label}=${value}`),
    ),
  );
  expect(selected.length).toBeGreaterThan(10);
  expect(selected.filter((value) => !known.has(value))).toEqual([]);
});

/** The series of a service in which nothing is wrong. */
const HEALTHY: Readonly<Record<string, string>> = {
  'up{job="openim-group-sync"}': '1x60',
  openim_database_reachable: '1x60',
  openim_database_writable: '1x60',
  openim_journal_open: '1x60',
  openim_journal_entries: '0x60',
  openim_journal_oldest_timestamp_seconds: '0x60',
  openim_journal_bytes: '10x60',
  openim_journal_limit_bytes: '100x60',
  openim_reconciliation_leader: '1x60',
  openim_reconciliation_last_resync_timestamp_seconds: '0+60x60',
  'openim_reconciliation_runs_total{kind="resync",outcome="done"}': '1x60',
  'openim_reconciliation_runs_total{kind="resync",outcome="failed"}': '0x60',
};
const READINGS = { '0': '0x60', '> 0': '5x60', grows: '0+1x60', stays: '1x60', 'near the limit': '90x60' };
const OF_DATABASE = ['OpenImDatabaseAway', 'OpenImDatabaseNotWritable'];

describe('The states of docs/observability.md', () => {
  const states = statesOfDocs();

  it('name alerts that exist, and metrics of this page', () => {
    expect(states.length).toBeGreaterThan(10);
    const alerts = rules().map(({ alert }) => alert);
    expect(states.flatMap((state) => state.alerts).filter((alert) => !alerts.includes(alert))).toEqual([]);
    const named = states.flatMap((state) => [...state.metrics.keys()]).filter((name) => name !== 'up');
    expect(named.filter((name) => !(name in HEALTHY))).toEqual([]);
  });

  it('are critical where readiness fails or is degraded, and not where it is ok', () => {
    for (const { name, callback, ready, alerts } of states.filter((state) => state.callback !== undefined)) {
      const isOfDatabase = alerts.some((alert) => OF_DATABASE.includes(alert));
      expect([name, isOfDatabase]).toEqual([name, ready!.status !== 'ok']);
      expect([name, alerts.includes('OpenImCallbacksLostNow')]).toEqual([name, callback === 503]);
      expect([name, callback === 503 && ready!.code === 200]).toEqual([name, false]);
    }
  });

  withPromtool('raise the alerts of their rows, and no others (skipped without promtool)', () => {
    const tests = states.map(({ name, metrics: readings, alerts }) => {
      const values = new Map(Object.entries(HEALTHY));
      readings.forEach((reading, metric) =>
        values.set(metric === 'up' ? 'up{job="openim-group-sync"}' : metric, READINGS[reading]),
      );
      if (values.get('openim_journal_entries') !== '0x60') {
        values.set('openim_journal_oldest_timestamp_seconds', '1x60');
      }
      return {
        name,
        interval: '1m' as const,
        input_series: Array.from(values, ([metric, value]) => ({
          series: metric.replace(/(?<!\})$/, '{instance="one"}'),
          values: value,
        })),
        promql_expr_test: [
          {
            eval_time: '40m',
            expr: 'count by (alertname) (ALERTS{alertstate="firing"})',
            exp_samples: alerts.map((alert) => ({ labels: `{alertname="${alert}"}`, value: 1 })),
          },
        ],
      };
    });
    expect(testRules(join(OPS, 'alerts.yml'), tests)).toBe('');
  });
});

it('The alerts that docs/operations.md names exist', () => {
  const page = readFileSync(join(OPS, '../docs/operations.md'), 'utf8');
  const names = [...page.matchAll(/`(OpenIm[A-Z]\w+)`/g)].map(([, name]) => name!);
  expect(rules().map(({ alert }) => alert)).toEqual(expect.arrayContaining(names));
});

/** The series with which an alert is raised after some minutes, and the series that replace some of them so that it is silent. */
type AlertCase = [minutes: number, raised: Record<string, string>, silent: Record<string, string>];

const ALERTS: Record<string, AlertCase> = {
  OpenImGroupSyncDown: [
    5,
    { 'up{job="openim-group-sync"}': '0x60' },
    { 'up{job="openim-group-sync"}': '1x60' },
  ],
  OpenImCallbacksSilent: [
    40,
    {
      openim_reconciliation_missed_callbacks_total: '0+1x60',
      'openim_callbacks_total{command="c"}': '7x60',
      'openim_callbacks_total{command="other"}': '0+1x60',
      'openim_callbacks_total{command="c",outcome="denied"}': '0+1x60',
    },
    { 'openim_callbacks_total{command="c"}': '0+1x60' },
  ],
  OpenImCallbacksLost: [
    80,
    {
      openim_reconciliation_missed_callbacks_total: '0+1x90',
      'openim_callbacks_total{outcome="applied"}': '0+10x90',
    },
    { 'openim_callbacks_total{outcome="applied"}': '0+1000x90' },
  ],
  OpenImCallbacksRejected: [
    10,
    { 'openim_callbacks_total{command="c",outcome="rejected"}': '0+1x20' },
    {
      'openim_callbacks_total{command="c",outcome="rejected"}': '9x20',
      'openim_callbacks_total{command="c",outcome="denied"}': '0+9x20',
    },
  ],
  OpenImCallbacksFailed: [
    10,
    { 'openim_callbacks_total{command="c",outcome="failed"}': '0+1x20' },
    { 'openim_callbacks_total{command="c",outcome="failed"}': '9x20' },
  ],
  OpenImCallbacksSlow: [
    20,
    {
      'openim_callback_duration_seconds_bucket{le="1"}': '0x60',
      'openim_callback_duration_seconds_bucket{le="5"}': '0+10x60',
      'openim_callback_duration_seconds_bucket{le="+Inf"}': '0+10x60',
    },
    { 'openim_callback_duration_seconds_bucket{le="1"}': '0+10x60' },
  ],
  OpenImAuthenticationFailures: [
    15,
    { 'openim_authentication_failures_total{endpoint="admin"}': '0+1x60' },
    { 'openim_authentication_failures_total{endpoint="admin"}': '100x60' },
  ],
  OpenImDatabaseAway: [5, { openim_database_reachable: '0x60' }, { openim_database_reachable: '1x60' }],
  OpenImDatabaseNotWritable: [
    5,
    { openim_database_writable: '0x60', openim_database_reachable: '1x60' },
    { openim_database_writable: '1x60' },
  ],
  OpenImCallbacksLostNow: [
    5,
    { openim_database_writable: '0x60', openim_journal_open: '0x60' },
    { openim_journal_open: '1x60' },
  ],
  OpenImJournalQuarantined: [
    5,
    { 'openim_journal_quarantined_total{reason="damaged"}': '1x60' },
    { 'openim_journal_quarantined_total{reason="damaged"}': '0x60' },
  ],
  OpenImJournalNotDraining: [
    25,
    { openim_journal_entries: '5x60', openim_journal_oldest_timestamp_seconds: '1x60' },
    { openim_journal_oldest_timestamp_seconds: '0+60x60' },
  ],
  OpenImJournalNearItsLimit: [
    5,
    { openim_journal_bytes: '90x60', openim_journal_limit_bytes: '100x60' },
    { openim_journal_bytes: '10x60' },
  ],
  OpenImJournalClosed: [15, { openim_journal_open: '0x60' }, { openim_journal_open: '1x60' }],
  OpenImMirrorDrifts: [
    100,
    {
      'openim_reconciliation_differences_total{kind="left"}': '0+10x120',
      'openim_reconciliation_differences_total{kind="joined"}': '0+10x120',
    },
    { 'openim_reconciliation_differences_total{kind="left"}': '10x120' },
  ],
  OpenImGroupsWait: [
    40,
    {
      openim_reconciliation_groups_waiting: '200x60',
      'openim_reconciliation_running{kind="backfill"}': '0x60',
    },
    { 'openim_reconciliation_running{kind="backfill"}': '1x60' },
  ],
  OpenImWebhookFails: [
    40,
    { 'openim_webhook_held_groups{endpoint="e"}': '3x60' },
    { 'openim_webhook_held_groups{endpoint="e"}': '0x60' },
  ],
  OpenImWebhookStopped: [
    5,
    { 'openim_webhook_stopped{endpoint="e"}': '1x60' },
    { 'openim_webhook_stopped{endpoint="e"}': '0x60' },
  ],
  OpenImNobodyReconciles: [
    10,
    {
      'openim_reconciliation_leader{instance="one"}': '0x60',
      'openim_reconciliation_leader{instance="two"}': '0x60',
    },
    { 'openim_reconciliation_leader{instance="two"}': '1x60' },
  ],
  OpenImResyncOverdue: [
    30,
    { openim_reconciliation_last_resync_timestamp_seconds: '1x60' },
    { openim_reconciliation_last_resync_timestamp_seconds: '0+60x60' },
  ],
  OpenImRunsFail: [
    40,
    {
      'openim_reconciliation_runs_total{kind="full",outcome="failed"}': '0+1x60',
      'openim_reconciliation_runs_total{kind="full",outcome="done"}': '3x60',
      'openim_reconciliation_runs_total{kind="resync",outcome="done"}': '0+1x60',
    },
    {
      'openim_reconciliation_runs_total{kind="full",outcome="failed"}': '0+1x60',
      'openim_reconciliation_runs_total{kind="full",outcome="done"}': '0+1x60',
    },
  ],
  OpenImGroupsFail: [
    61,
    { 'openim_reconciliation_failed_groups_total{step="read"}': '0+1x90' },
    { 'openim_reconciliation_failed_groups_total{step="read"}': '1x90' },
  ],
  OpenImWasRestored: [
    5,
    { openim_reconciliation_restores_detected_total: '0 0 1x60' },
    { openim_reconciliation_restores_detected_total: '1x60' },
  ],
  OpenImDatabasePoolExhausted: [
    5,
    {
      'openim_database_pool_connections{state="waiting"}': '3x60',
      'openim_database_pool_connections{state="idle"}': '0x60',
    },
    { 'openim_database_pool_connections{state="waiting"}': '0x60' },
  ],
};

/** Further cases of some alerts. */
const FURTHER: [alert: string, ...AlertCase][] = [
  // No resync ever ended. Without OPENIM_API_URL none is due.
  [
    'OpenImResyncOverdue',
    30,
    {
      'process_start_time_seconds{instance="one"}': '1x60',
      'openim_reconciliation_leader{instance="one"}': '1x60',
    },
    { 'openim_reconciliation_leader{instance="one"}': '_x60' },
  ],
  [
    'OpenImResyncOverdue',
    10,
    {
      'process_start_time_seconds{instance="one"}': '-900x60',
      'openim_reconciliation_leader{instance="one"}': '1x60',
    },
    { 'process_start_time_seconds{instance="one"}': '1x60' },
  ],
];

it('Each alert has a test', () => {
  expect(Object.keys(ALERTS).toSorted()).toEqual(
    rules()
      .map(({ alert }) => alert)
      .toSorted(),
  );
});

withPromtool(
  'Each alert is raised by its series, and silent with the others (skipped without promtool)',
  () => {
    const cases = [...Object.entries(ALERTS).map(([alert, test]) => [alert, ...test] as const), ...FURTHER];
    const tests = cases.flatMap(([alert, minutes, raised, silent]) =>
      [raised, { ...raised, ...silent }].map((values, index) => ({
        name: `${alert} ${index === 0 ? 'raised' : 'silent'}`,
        interval: '1m' as const,
        input_series: Object.entries(values).map(([name, value]) => ({ series: name, values: value })),
        promql_expr_test: [
          {
            eval_time: `${minutes}m`,
            expr: `count(ALERTS{alertname="${alert}",alertstate="firing"})`,
            exp_samples: index === 0 ? [{ labels: '{}', value: 1 }] : [],
          },
        ],
      })),
    );
    expect(testRules(join(OPS, 'alerts.yml'), tests)).toBe('');
  },
);

withPromtool('The rules and the metrics pass the checks of promtool (skipped without promtool)', () => {
  expect(promtool(['check', 'rules', join(OPS, 'alerts.yml')])).toBe('');
  expect(promtool(['check', 'metrics'], exposition)).toBe('');
});

describe('The dashboard', () => {
  it('uses the selected data source in every panel', () => {
    const { templating, panels } = dashboard();
    expect(templating.list[0]).toMatchObject({ name: 'datasource', type: 'datasource' });
    const sources = panels.flatMap(({ datasource, targets = [] }) => [
      ...(datasource ? [datasource.uid] : []),
      ...targets.map((target) => target.datasource.uid),
    ]);
    expect(new Set(sources)).toEqual(new Set(['${datasource}']));
  });

  it('shows every metric of the service', () => {
    const shown = openImMetrics(
      dashboard()
        .panels.flatMap(({ targets = [] }) => targets.map(({ expr }) => expr))
        .join('\n'),
    );
    expect(openImMetrics(metrics.names.join('\n')).filter((metric) => !shown.includes(metric))).toEqual([]);
  });

  it('has panels that do not overlap', () => {
    const cells = dashboard().panels.flatMap(({ gridPos: { h, w, x, y } }) =>
      Array.from({ length: h * w }, (_, index) => `${x + (index % w)},${y + Math.floor(index / w)}`),
    );
    expect(new Set(cells).size).toBe(cells.length);
    expect(cells.every((cell) => Number(cell.split(',')[0]) < 24)).toBe(true);
  });
});

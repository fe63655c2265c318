import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parse, stringify } from 'yaml';
import { type Metrics, openImMetrics, readMetrics } from './helpers/metrics.js';
import { Service } from './helpers/service.js';

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

beforeAll(async () => {
  const service = await Service.start({ OPENIM_API_URL: 'http://127.0.0.1:9', OPENIM_SECRET: 's' });
  metrics = await readMetrics(service.url);
  await service.stop();
});

it.each(readdirSync(OPS))('%s names no metric that is not there', (name) => {
  expect(openImMetrics(file(name)).filter((metric) => !metrics.names.includes(metric))).toEqual([]);
});

describe('the alerts', () => {
  it('say each what is wrong and what to do', () => {
    expect(rules().length).toBeGreaterThan(10);
    for (const { alert, expr, labels, annotations } of rules()) {
      expect([alert, labels.severity]).toEqual([alert, expect.stringMatching(/^(warning|critical)$/)]);
      expect(expr).not.toBe('');
      expect(annotations.summary.length).toBeGreaterThan(10);
      expect(annotations.description.length).toBeGreaterThan(50);
    }
    expect(new Set(rules().map(({ alert }) => alert)).size).toBe(rules().length);
  });

  it('ask for labels that the metrics have', () => {
    for (const [, name = '', label = ''] of rules().flatMap(({ expr }) => [
      ...expr.matchAll(/(openim_\w+?)(?:_bucket)?\{(\w+)(?:=~?|!=)/g),
    ])) {
      expect([name, metrics.all(name).some(({ labels }) => label in labels)]).toEqual([name, true]);
    }
  });
});

/** What the metrics say in each state of the README's table, and the alerts of it that are raised. */
const STATES: [name: string, metrics: Record<string, number>, alerts: string[]][] = [
  ['takes writes', { reachable: 1, writable: 1, open: 1 }, []],
  ['takes writes, without a journal', { reachable: 1, writable: 1, open: 0 }, []],
  ['takes no writes', { reachable: 1, writable: 0, open: 1 }, ['OpenImDatabaseNotWritable']],
  ['is away', { reachable: 0, writable: 0, open: 1 }, ['OpenImDatabaseAway']],
  [
    'takes no writes, without a journal',
    { reachable: 1, writable: 0, open: 0 },
    ['OpenImDatabaseNotWritable', 'OpenImCallbacksLostNow'],
  ],
  [
    'is away, without a journal',
    { reachable: 0, writable: 0, open: 0 },
    ['OpenImDatabaseAway', 'OpenImCallbacksLostNow'],
  ],
];
const OF_STATES = ['OpenImDatabaseAway', 'OpenImDatabaseNotWritable', 'OpenImCallbacksLostNow'];

it('the alerts of the README are there', () => {
  const readme = readFileSync(join(OPS, '../README.md'), 'utf8');
  const names = [...readme.matchAll(/`(OpenIm[A-Z]\w+)`/g)].map(([, name]) => name!);
  expect(names).toEqual(expect.arrayContaining(OF_STATES));
  expect(rules().map(({ alert }) => alert)).toEqual(expect.arrayContaining(names));
});

const series = (name: string, value: number) => ({
  series: `openim_${name}{instance="one"}`,
  values: `${value}x10`,
});
const inOne = (text: string) => text.replaceAll('{{ $labels.instance }}', 'one');
const expected = (alertname: string) => {
  const { labels, annotations } = rules().find(({ alert }) => alert === alertname)!;
  return {
    exp_labels: { ...labels, instance: 'one' },
    exp_annotations: { summary: inOne(annotations.summary), description: inOne(annotations.description) },
  };
};

const withPromtool = spawnSync('promtool', ['--version']).status === 0 ? it : it.skip;

withPromtool.each(STATES)(
  'while PostgreSQL %s, its alerts are raised (skipped without promtool)',
  (_, values, raised) => {
    const folder = mkdtempSync(join(tmpdir(), 'openim-group-sync-rules-'));
    const path = join(folder, 'test.yml');
    const document = {
      rule_files: [join(OPS, 'alerts.yml')],
      tests: [
        {
          interval: '1m',
          input_series: [
            series('database_reachable', values['reachable']!),
            series('database_writable', values['writable']!),
            series('journal_open', values['open']!),
          ],
          alert_rule_test: OF_STATES.map((alertname) => ({
            eval_time: '5m',
            alertname,
            exp_alerts: raised.includes(alertname) ? [expected(alertname)] : [],
          })),
        },
      ],
    };
    writeFileSync(path, stringify(document));
    try {
      expect(execFileSync('promtool', ['test', 'rules', path], { encoding: 'utf8' })).toContain('SUCCESS');
    } finally {
      rmSync(folder, { recursive: true });
    }
  },
);

describe('the dashboard', () => {
  it('asks the data source that is chosen', () => {
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

  it('has panels that do not lie on each other', () => {
    const cells = dashboard().panels.flatMap(({ gridPos: { h, w, x, y } }) =>
      Array.from({ length: h * w }, (_, index) => `${x + (index % w)},${y + Math.floor(index / w)}`),
    );
    expect(new Set(cells).size).toBe(cells.length);
    expect(cells.every((cell) => Number(cell.split(',')[0]) < 24)).toBe(true);
  });
});

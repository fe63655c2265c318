import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stringify } from 'yaml';

/** Whether promtool is installed here. It comes with Prometheus. */
export const hasPromtool = spawnSync('promtool', ['--version']).status === 0;

/** Runs promtool. @returns its complaints, or "" if it has none */
export function promtool(args: string[], input = ''): string {
  const { status, stdout, stderr } = spawnSync('promtool', args, { input, encoding: 'utf8' });
  return status === 0 ? stderr : `${stdout}${stderr}\npromtool ${args.join(' ')} ended with ${status}`;
}

/** A test of rules, in the format of `promtool test rules`. */
export interface RuleTest {
  name?: string;
  interval: '1m';
  input_series: { series: string; values: string }[];
  alert_rule_test?: object[];
  promql_expr_test?: object[];
}

/** Tests alert rules with promtool. @returns its complaints, or "" if all tests pass */
export function testRules(rules: string, tests: RuleTest[]): string {
  const folder = mkdtempSync(join(tmpdir(), 'openim-group-sync-rules-'));
  const path = join(folder, 'test.yml');
  writeFileSync(path, stringify({ rule_files: [rules], evaluation_interval: '1m', tests }));
  try {
    return promtool(['test', 'rules', path]);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

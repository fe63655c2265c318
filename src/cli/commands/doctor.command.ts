import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { DataSource } from 'typeorm';
import { callbackUrl } from '../../callback/payloads/webhooks-yml.js';
import type { Config } from '../../config/config.js';
import { readConfig } from '../../config/read-config.js';
import { checkConnections, checkMirror, type Connections } from '../../doctor/doctor.js';
import { error, type Finding, skipped } from '../../doctor/finding.js';
import { probe } from '../../doctor/probe.js';
import { endSignal, printLine, withContext } from '../context/context.js';

const INDENT = ' '.repeat('warning  '.length);

/** Options of the command `doctor`. */
export interface DoctorOptions {
  /** The url in OpenIM's `webhooks.yml`; undefined: the callback url of the service on this machine. */
  url?: string;
  /** Whether a group is created in OpenIM, renamed and dismissed. */
  probe?: boolean;
  /** Whether one JSON document is printed. */
  json?: boolean;
}

/**
 * Checks an installation: OpenIM, the url of the callbacks, and the database. Prints each finding, with the action for a problem.
 * Without a probe it writes nothing but the delivery of one callback.
 * @returns whether there is no error
 */
export async function doctor({ url, json, probe: withProbe }: DoctorOptions): Promise<boolean> {
  const config = readConfig();
  const findings: Finding[] = [];
  const report = (finding: Finding): void => {
    findings.push(finding);
    if (!json) {
      print(finding);
    }
  };
  const target = url ?? callbackUrl(`127.0.0.1:${config.PORT}`, config.CALLBACK_TOKEN?.[0]);
  const connections = await reportAll(checkConnections(config, target), report);
  await checkAllOfDatabase(config, connections, withProbe ?? false, report).catch(({ message }: Error) =>
    report(error(message, SETTINGS)),
  );
  const errors = findings.filter(({ level }) => level === 'error').length;
  printLine(
    json ? JSON.stringify({ ok: errors === 0, findings }, undefined, 2) : conclusion(findings, errors),
  );
  return errors === 0;
}

function print({ level, message, action }: Finding): void {
  printLine(`${level.padEnd(INDENT.length)}${message}`);
  if (action !== undefined) {
    printLine(`${INDENT}${action}`);
  }
}

function conclusion(findings: readonly Finding[], errors: number): string {
  const warnings = findings.filter(({ level }) => level === 'warning').length;
  const numbers = [
    errors > 0 ? `${errors} ${errors === 1 ? 'error' : 'errors'}` : 'No errors',
    ...(warnings > 0 ? [`${warnings} ${warnings === 1 ? 'warning' : 'warnings'}`] : []),
  ];
  return numbers.join(', ');
}

async function checkAllOfDatabase(
  config: Config,
  { operationID, reachesOpenIm }: Connections,
  withProbe: boolean,
  report: (finding: Finding) => void,
): Promise<void> {
  if (config.DATABASE_URL === undefined && !existsSync(join(config.DATA_DIR, 'postgres'))) {
    report(error(`There is no database: DATABASE_URL is not set, and ${config.DATA_DIR} has none`, SETTINGS));
    return;
  }
  await withContext(config, { LOG_LEVEL: 'silent', RUN_MIGRATIONS: false }, async ({ app }) => {
    const dataSource = app.get(DataSource);
    if (withProbe && reachesOpenIm) {
      (await probe(dataSource, config, endSignal())).forEach(report);
    } else {
      report(withProbe ? UNREACHED : NO_PROBE);
    }
    await reportAll(checkMirror(dataSource, config, operationID), report);
  });
}

const SETTINGS =
  'Give doctor the settings of the service, above all DATABASE_URL, and compare with GET /health/ready of the service';
const NO_PROBE = skipped(
  'Whether OpenIM sends callbacks was not tried',
  'Run doctor --probe: it creates a group in OpenIM, renames and dismisses it',
);

const UNREACHED = skipped(
  'Whether OpenIM sends callbacks was not tried: it cannot be asked',
  'Correct what doctor says of OpenIM first',
);

/** Reports findings as they come. @returns what the generator returns */
async function reportAll<T>(
  findings: AsyncGenerator<Finding, T>,
  report: (finding: Finding) => void,
): Promise<T> {
  for (;;) {
    const step = await findings.next();
    if (step.done) {
      return step.value;
    }
    report(step.value);
  }
}

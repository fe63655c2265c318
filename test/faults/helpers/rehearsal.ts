import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Ledger } from './ledger.js';
import type { Verdict } from './verifier.js';

export type Counts = Record<string, number>;

/** One rehearsal's line: printed at its end, and a row of RESULTS.md. */
export class Rehearsal {
  private readonly start = performance.now();

  constructor(private readonly name: string) {}

  /**
   * @param done what was done, and how often
   * @param faults counts that must be 0
   * @param counts other counts
   * @returns the faults, to be compared with none
   */
  async end(done: string, faults: Counts, counts: Counts): Promise<Counts> {
    const seconds = Math.round((performance.now() - this.start) / 1000);
    process.stdout.write(`${this.name}: ${done}; ${inWords(faults)}; ${inWords(counts)}; ${seconds} s\n`);
    const folder = process.env['FAULTS_RESULTS'];
    if (folder) {
      const row = { name: this.name, done, faults: inWords(faults), counts: inWords(counts), seconds };
      await writeFile(join(folder, `${this.name}.json`), JSON.stringify(row));
    }
    return Object.fromEntries(Object.entries(faults).filter(([, count]) => count > 0));
  }

  /**
   * The same for a rehearsal under load.
   * @param more.outOfOrder callbacks of a group could overtake each other: its rows may then be wrong until they are compared with OpenIM
   */
  async endOf(
    done: string,
    ledger: Ledger,
    verdict: Verdict,
    more: { faults?: Counts; counts?: Counts; outOfOrder?: boolean } = {},
  ): Promise<Counts> {
    [...verdict.findings, ...ledger.oddities].forEach((words) => process.stdout.write(`${words}\n`));
    const { missing, twice } = verdict;
    const wrong = verdict.wrong + verdict.marked;
    return this.end(
      done,
      {
        missing,
        twice,
        ...(!more.outOfOrder && { wrong }),
        refused: ledger.count('rejected'),
        ...more.faults,
      },
      {
        acknowledged: ledger.count('acknowledged'),
        unknown: ledger.count('unknown'),
        'of these done': verdict.doneUnknown,
        'answers 503': ledger.statuses.get(503) ?? 0,
        'other 5xx': [...ledger.statuses].reduce(
          (sum, [status, count]) => sum + (status >= 500 && status !== 503 ? count : 0),
          0,
        ),
        'p99 ms': ledger.percentile(0.99),
        ...(more.outOfOrder && { 'out of order': wrong, 'of these marked': verdict.marked }),
        ...more.counts,
      },
    );
  }
}

const inWords = (counts: Counts): string =>
  Object.entries(counts)
    .map(([name, count]) => `${name} ${count}`)
    .join(', ');

import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Ledger } from './ledger.js';
import type { Verdict } from './verifier.js';

export type Counts = Record<string, number>;

/** One rehearsal. Prints its result at the end and adds a row to RESULTS.md. */
export class Rehearsal {
  private readonly start = performance.now();

  constructor(private readonly name: string) {}

  /**
   * Ends the rehearsal.
   * @param done the faults that were caused, and their number
   * @param faults counts that must be 0
   * @param counts other counts
   * @returns the faults that are not 0
   */
  async end(done: string, faults: Counts, counts: Counts): Promise<Counts> {
    const seconds = Math.round((performance.now() - this.start) / 1000);
    process.stdout.write(
      `${this.name}: ${done}; ${formatCounts(faults)}; ${formatCounts(counts)}; ${seconds} s\n`,
    );
    const folder = process.env['FAULTS_RESULTS'];
    if (folder) {
      const row = {
        name: this.name,
        done,
        faults: formatCounts(faults),
        counts: formatCounts(counts),
        seconds,
      };
      await writeFile(join(folder, `${this.name}.json`), JSON.stringify(row));
    }
    return Object.fromEntries(Object.entries(faults).filter(([, count]) => count > 0));
  }

  /**
   * Ends a rehearsal under load.
   * @param more.outOfOrder callbacks of a group can overtake each other; its rows may be wrong until reconciliation
   */
  async endOf(
    done: string,
    ledger: Ledger,
    verdict: Verdict,
    more: { faults?: Counts; counts?: Counts; outOfOrder?: boolean } = {},
  ): Promise<Counts> {
    [...verdict.findings, ...ledger.unexpectedAnswers].forEach((finding) =>
      process.stdout.write(`${finding}\n`),
    );
    const { missing, twice } = verdict;
    const wrong = verdict.wrong + verdict.stale;
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
        ...(more.outOfOrder && { 'out of order': wrong, 'of these stale': verdict.stale }),
        ...more.counts,
      },
    );
  }
}

const formatCounts = (counts: Counts): string =>
  Object.entries(counts)
    .map(([name, count]) => `${name} ${count}`)
    .join(', ');

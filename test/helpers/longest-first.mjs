import { basename } from 'node:path';
import Sequencer from '@jest/test-sequencer';

/**
 * The spec files that take longest. reconciliation-histories fails beside others that keep the processor busy: it is the last of them, and runs
 * beside the small files.
 */
const LONGEST = [
  'reconciler-process',
  'limits',
  'embedded-postgres',
  'database',
  'reconciliation',
  'histories',
  'isolation',
  'cli',
  'journal',
  'metrics',
  'create-group',
  'tracing',
  'operation',
  'journal-file',
  'database-sessions',
  'reconciliation-histories',
];

/** The place of a file in the list; all others have the same place behind it. */
function placeOf({ path }) {
  const index = LONGEST.indexOf(basename(path, '.spec.ts'));
  return index < 0 ? LONGEST.length : index;
}

/**
 * Starts the files that take longest first: one that starts last would keep one worker busy while the others have ended. Jest orders files by
 * their durations in the run before. Where there was none, as in CI, it orders them by their sizes, which say little.
 */
export default class LongestFirst extends Sequencer {
  sort(tests) {
    const usual = super.sort(tests); // oxlint-disable-line unicorn/no-array-sort -- this is Jest's method
    return usual.toSorted((one, other) => placeOf(one) - placeOf(other));
  }
}

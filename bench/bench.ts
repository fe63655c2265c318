import type { BenchPostgres } from './bench-postgres.js';
import type { Resources } from './resources.js';
import type { Sizes } from './sizes.js';

/** Context of one part of a run. */
export interface Bench {
  readonly postgres: BenchPostgres;
  /** Resources of this part, released when the part ends. */
  readonly resources: Resources;
  /** A temporary folder of the run. */
  readonly folder: string;
  readonly sizes: Readonly<Sizes>;
  /** Prints the progress to the terminal. */
  readonly progress: (line: string) => void;
}

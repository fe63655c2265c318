import type { BenchPostgres } from './bench-postgres.js';
import type { Resources } from './resources.js';
import type { Sizes } from './sizes.js';

/** What each part of a run works with. */
export interface Bench {
  readonly postgres: BenchPostgres;
  /** Its own: given back when the part ends. */
  readonly resources: Resources;
  /** An empty folder of the run's own. */
  readonly folder: string;
  readonly sizes: Readonly<Sizes>;
  /** Tells the terminal how far it is. */
  readonly say: (line: string) => void;
}

import { parseArgs } from 'node:util';

/** The parts of a run, in their order. */
export const PARTS = [
  'callbacks',
  'peers',
  'journal',
  'large',
  'memory',
  'start',
  'admin',
  'retention',
  'reconciliation',
] as const;
export type Part = (typeof PARTS)[number];

/** Durations and counts of the measurements. */
const DEFAULTS = {
  /** Turns of each contender, for each command and concurrency. */
  rounds: 9,
  /** Duration of one turn. */
  seconds: 2,
  /** Warm-up before the first turn. V8 compiles hot code during this time. */
  warmUpSeconds: 10,
  /** Creations of 100,000 members. Creations of 1,000 and 10,000 members run more often. */
  largeTimes: 7,
  /** Duration of the small creations, first alone and then beside large ones. */
  besideSeconds: 20,
  /** Callbacks of the memory measurement, which has ten steps. */
  callbacks: 200_000,
  /** Callbacks in the journal at the start of a drain. */
  journaled: 10_000,
  starts: 5,
  /** Groups of the admin API measurement, with ten times as many members. Must be more than 50 times `page`. */
  groups: 1_000_000,
  /** The far page that is compared with the first page. A page has 50 items. */
  page: 10_000,
  /** Reads of each page. */
  reads: 500,
  /** Maximum duration of the reads of each list. */
  readSeconds: 60,
  /** Rows of the logs that the retention removes. */
  logRows: 10_000_000,
  /** Groups of a backfill at the default number of requests a second, and of one at 1,000. */
  slowBackfill: 2_000,
  backfill: 10_000,
  /** Groups of the largest resync; others have a tenth and a hundredth. */
  resync: 1_000_000,
  /** First port of the service and the other servers. */
  port: 21_000,
};

/** Sizes of a short run that only shows whether the benchmark works. */
const QUICK: Partial<Sizes> = {
  rounds: 1,
  seconds: 0.5,
  warmUpSeconds: 0.5,
  largeTimes: 1,
  besideSeconds: 3,
  callbacks: 2_000,
  journaled: 500,
  starts: 1,
  groups: 20_000,
  page: 200,
  reads: 30,
  logRows: 100_000,
  slowBackfill: 100,
  backfill: 500,
  resync: 30_000,
};

export type Sizes = typeof DEFAULTS;

/** Options of a run. */
export interface Options {
  readonly parts: readonly Part[];
  readonly quick: boolean;
  readonly sizes: Readonly<Sizes>;
}

/**
 * Reads the command line: parts, `--quick`, and any size by its name, such as `--rounds 10`.
 * @throws an Error that names the invalid argument
 */
export function readOptions(args: string[]): Options {
  const names = Object.keys(DEFAULTS) as (keyof Sizes)[];
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: {
      quick: { type: 'boolean', default: false },
      ...Object.fromEntries(names.map((name) => [name, { type: 'string' } as const])),
    },
  });
  const unknown = positionals.filter((part) => !PARTS.includes(part as Part));
  if (unknown.length > 0) {
    throw new Error(`Unknown part ${unknown.join(', ')}. The parts are ${PARTS.join(', ')}`);
  }
  const { quick } = values;
  const sizes: Sizes = { ...DEFAULTS, ...(quick ? QUICK : {}) };
  for (const name of names) {
    const given = (values as Partial<Record<keyof Sizes, string>>)[name];
    sizes[name] = given === undefined ? sizes[name] : Number(given);
    if (!(sizes[name] > 0)) {
      throw new Error(`--${name} must be a number above 0`);
    }
  }
  return {
    parts: positionals.length > 0 ? PARTS.filter((part) => positionals.includes(part)) : PARTS,
    quick,
    sizes,
  };
}

import { parseArgs } from 'node:util';

/** The parts of a run, in their order. */
export const PARTS = ['callbacks', 'journal', 'large', 'memory', 'start', 'admin'] as const;
export type Part = (typeof PARTS)[number];

/** How long and how much is measured. */
const DEFAULTS = {
  /** The contenders take turns so many times, for each command and concurrency. */
  rounds: 9,
  /** How long one turn is. */
  seconds: 2,
  /** Before the first turn: so long Node goes on making code out of what is run often. */
  warmUpSeconds: 10,
  /** Creations of 1,000, 10,000 and 100,000 members: of the largest so many, of smaller ones more. */
  largeTimes: 7,
  /** How long small creations are sent, alone and then beside large ones. */
  besideSeconds: 20,
  /** How many callbacks memory is watched for, in steps of a tenth. */
  callbacks: 200_000,
  /** Callbacks that a journal holds. */
  journaled: 10_000,
  starts: 5,
  /** Groups that are seeded for the admin API, with ten times as many members; 50 for each page up to the far one, and more. */
  groups: 1_000_000,
  /** The page that is compared with the first one; 50 items each. */
  page: 10_000,
  /** How often each page is read. */
  reads: 500,
  /** How long each list is read at most. */
  readSeconds: 60,
  /** The ports from this one on are used. */
  port: 21_000,
};

/** So short that it says only whether everything works. */
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
};

export type Sizes = typeof DEFAULTS;

/** What this run does. */
export interface Options {
  readonly parts: readonly Part[];
  readonly quick: boolean;
  readonly sizes: Readonly<Sizes>;
}

/**
 * Reads the command line: parts, `--quick`, and any size by its name, such as `--rounds 10`.
 * @throws an Error that names what is not understood
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
    throw new Error(`There is no part ${unknown.join(', ')}; there are ${PARTS.join(', ')}`);
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

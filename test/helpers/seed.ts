/**
 * Parameters of `fc.assert` that repeat a failed run: `SEED=1234 npm test -- histories`. fast-check prints the seed of a run that fails. The
 * rehearsals of faults take the same variable.
 */
export const SEED: { seed?: number } =
  process.env['SEED'] === undefined ? {} : { seed: Number(process.env['SEED']) };

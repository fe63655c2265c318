/**
 * The lease of the replica that reconciles. A former holder does no harm until it notices: each of its snapshots is compared with what the
 * rows have as of later (`reconcileGroup`), as those of a refresh in any replica are.
 */
export const RECONCILIATION = 'reconciliation';

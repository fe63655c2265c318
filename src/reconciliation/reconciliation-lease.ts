/**
 * Name of the lease of the replica that reconciles. A former holder does no harm until it notices the loss: its snapshots do not
 * overwrite rows with a later `as_of` (`reconcileGroup`), as those of a refresh in any replica.
 */
export const RECONCILIATION_LEASE = 'reconciliation';

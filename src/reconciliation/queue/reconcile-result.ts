import type { Drift } from '../../groups/statements/reconcile-group.js';

/** Result of the reconciliation of a group. */
export interface ReconcileResult {
  groupID: string;
  /**
   * `verified`: the mirror equals OpenIM now; `unchanged`: it did before, since the version is the same; `tooRecent`: OpenIM's caches may
   * hold the state before a recent callback; `outdated`: a later snapshot was written first; `absent`: OpenIM does not have the group;
   * `unverified`: the snapshot contradicts itself or, as to the members who left, a second one; `failed`: OpenIM does not show the group, or
   * PostgreSQL cannot write it.
   */
  state: 'verified' | 'unchanged' | 'tooRecent' | 'outdated' | 'absent' | 'unverified' | 'failed';
  /** Why the state is `unverified` or `failed`. */
  reason?: string;
  /** Whether the result is that of a full snapshot; false: of a delta. */
  whole: boolean;
  /** Number of members read. */
  members: number;
  drift: Drift[];
}

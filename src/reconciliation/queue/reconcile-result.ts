import type { Drift } from '../../groups/statements/reconcile-group.js';

/** What reconciling a group came to. */
export interface ReconcileResult {
  groupID: string;
  /**
   * `verified`: the mirror is as OpenIM; `unchanged`: it was, no more was needed than to ask for the version; `tooRecent`: OpenIM
   * may not show yet what a recent callback reported; `outdated`: a snapshot that began later was written meanwhile; `absent`: OpenIM
   * does not have it; `unverified`: the snapshot did not agree with itself or, as to who left, with a second one; `failed`: OpenIM does
   * not show it, or PostgreSQL cannot write it.
   */
  state: 'verified' | 'unchanged' | 'tooRecent' | 'outdated' | 'absent' | 'unverified' | 'failed';
  /** Why, where it is `unverified` or `failed`. */
  reason?: string;
  /** Whether the whole list was read, and not only what changed. */
  whole: boolean;
  /** How many members were read. */
  members: number;
  drift: Drift[];
}

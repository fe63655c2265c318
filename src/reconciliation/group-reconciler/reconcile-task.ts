import type { Priority } from '../queue/lanes.js';
import type { ReconcileResult } from '../queue/reconcile-result.js';
import type { SnapshotStart } from '../snapshots/snapshot-writer.service.js';
import type { DetectedChanges } from './change-detector.service.js';

export interface ReconcileOptions {
  readonly priority: Priority;
  /** Whether full snapshots are taken, whatever the versions are. */
  readonly whole?: boolean;
  /** The run that reconciles; undefined: none. */
  readonly runID?: string;
  readonly signal?: AbortSignal;
}

/** A group that is to be reconciled, with its changes as of `start`. */
export interface ReconcileTask extends DetectedChanges {
  readonly start: SnapshotStart;
  readonly options: ReconcileOptions;
}

/** Makes the result of a group of which no member was read. */
export const resultOf = (groupID: string, state: ReconcileResult['state']): ReconcileResult => ({
  groupID,
  state,
  whole: false,
  members: 0,
  drift: [],
});

import type { Answer } from '../snapshots/changes-reader.js';
import type { KnownGroup } from '../snapshots/known-group.js';
import type { Priority } from '../queue/lanes.js';
import type { ReconcileResult } from '../queue/reconcile-result.js';
import type { SnapshotStart } from '../snapshots/snapshot-writer.service.js';

export interface ReconcileOptions {
  readonly priority: Priority;
  /** Whether groups are read whole, whatever their versions say. */
  readonly whole?: boolean;
  readonly signal?: AbortSignal;
}

/** A group that is to be reconciled, and what OpenIM answered when it was asked for its changes. */
export interface ReconcileTask {
  readonly groupID: string;
  readonly answer: Answer;
  readonly known: KnownGroup | undefined;
  readonly moment: SnapshotStart;
  readonly options: ReconcileOptions;
}

/** A result of which no more is known than the state. */
export const resultOf = (groupID: string, state: ReconcileResult['state']): ReconcileResult => ({
  groupID,
  state,
  whole: false,
  members: 0,
  drift: [],
});

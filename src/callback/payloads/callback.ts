import type { Delivery } from '../../deliveries/delivery-log.js';
import type { SyncOutcome } from '../../groups/group-change.js';
import type { GroupSyncService } from '../../groups/group-sync.service.js';
import type { ReportedChange } from './callback-command.js';
import { CALLBACK_COMMANDS } from './callback-commands.js';

/** A callback that is not mirrored. */
export interface IgnoredCallback {
  readonly kind: 'ignored';
  /** Whether the log of deliveries gets a row for it. */
  readonly isLogged: boolean;
}

/** A callback that is mirrored: a change for `GroupSyncService`. */
export interface MirroredCallback extends ReportedChange<unknown> {
  readonly kind: 'mirrored';
  /** Current name of its command. */
  readonly command: string;
  /** Key of the callbacks that are applied one after another. */
  readonly orderingKey: string;
  /** The part of the body that the journal may keep; undefined: all of it. */
  readonly redactedBody?: string;
  /** One line for the timeline of the group. */
  readonly summary: string;
}

/** A valid callback. Plain data, so that worker threads can return it. */
export type Callback = MirroredCallback | IgnoredCallback;

/** A mirrored callback with its row for the log of deliveries. */
export interface ReceivedCallback extends MirroredCallback {
  readonly delivery: Delivery;
}

/** Writes the change of a callback; resolves after the commit. */
export function applyCallback(groupSync: GroupSyncService, callback: MirroredCallback): Promise<SyncOutcome> {
  return CALLBACK_COMMANDS.get(callback.command)!.apply(groupSync, callback);
}

import type { GroupSyncService, SyncOutcome } from '../groups/group-sync.service.js';
import { AfterCreateGroupCallback, type CallbackPayload } from './callback.dto.js';

interface Command<Change> {
  /** What OpenIM sends for it. */
  readonly dto: new () => CallbackPayload<Change>;
  /** What it does to the replica. */
  readonly apply: (groupSync: GroupSyncService, change: Change) => Promise<SyncOutcome>;
}

/** Lets each row have its own type of change, checked between its two columns. */
const command = <Change>(dto: Command<Change>['dto'], apply: Command<Change>['apply']): Command<unknown> => ({
  dto,
  apply: apply as Command<unknown>['apply'],
});

/** The commands that are mirrored: OpenIM's name for it, its payload, its verb. Any other command is answered, and otherwise ignored. */
export const CALLBACK_COMMANDS: ReadonlyMap<string, Command<unknown>> = new Map([
  [
    'callbackAfterCreateGroupCommand',
    command(AfterCreateGroupCallback, (groupSync, creation) => groupSync.createGroup(creation)),
  ],
]);

/** What a callback means: a mirrored one brings a change for `GroupSyncService`, an ignored one nothing. Plain data: it crosses threads. */
export type Callback =
  | {
      readonly kind: 'mirrored';
      readonly command: string;
      readonly groupID: string;
      readonly change: unknown;
    }
  | { readonly kind: 'ignored' };

/** Does what a callback means; resolves when it is on disk. */
export async function applyCallback(
  groupSync: GroupSyncService,
  callback: Callback,
): Promise<SyncOutcome | 'ignored'> {
  return callback.kind === 'ignored'
    ? 'ignored'
    : CALLBACK_COMMANDS.get(callback.command)!.apply(groupSync, callback.change);
}

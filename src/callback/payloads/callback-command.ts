import type { GroupChange, SyncOutcome } from '../../groups/group-change.js';
import type { GroupSyncService } from '../../groups/group-sync.service.js';
import type { Webhook } from '../../openim/webhooks.js';
import type { CallbackPayloadClass } from './callback-payload.js';

/** A change as a callback reports it. */
export interface ReportedChange<Change> extends GroupChange<Change> {
  /** What the callback does not report; undefined: it reports all. */
  readonly unreported?: string;
}

/** A command of OpenIM that is mirrored: one row of `CALLBACK_COMMANDS`. */
export interface CallbackCommand<Change> {
  /** Name of the command in a current OpenIM (pkg/callbackstruct/constant.go). */
  readonly name: string;
  /** Names of the command in OpenIM up to 3.6. */
  readonly olderNames: readonly string[];
  readonly dto: CallbackPayloadClass<Change>;
  /** Entry in OpenIM's `webhooks.yml` that turns the callback on. */
  readonly webhook: Webhook;
  /** Writes the change; resolves after the commit. */
  readonly apply: (groupSync: GroupSyncService, change: ReportedChange<Change>) => Promise<SyncOutcome>;
}

/** Makes a row for `CALLBACK_COMMANDS`. The compiler checks that `apply` takes the change that the payload makes. */
export function defineCommand<Change>(
  dto: CallbackPayloadClass<Change>,
  {
    olderNames = [],
    ...command
  }: Pick<CallbackCommand<Change>, 'name' | 'webhook' | 'apply'> & {
    readonly olderNames?: readonly string[];
  },
): CallbackCommand<unknown> {
  return { ...command, olderNames, dto } as CallbackCommand<unknown>;
}

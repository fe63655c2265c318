import type { Delivery } from '../../deliveries/delivery-log.js';
import type { GroupChange, SyncOutcome } from '../../groups/group-change.js';
import type { GroupSyncService } from '../../groups/group-sync.service.js';
import type { MemberJoined } from '../../groups/statements/join-group.js';
import type { GroupHint } from '../../groups/statements/mark-group-stale.js';
import { AfterCreateGroupChatConversationsCallback } from './after-create-group-chat-conversations.js';
import { AfterCreateGroupCallback } from './after-create-group.js';
import { AfterDismissGroupCallback } from './after-dismiss-group.js';
import { AfterJoinGroupCallback } from './after-join-group.js';
import { AfterKickGroupCallback } from './after-kick-group.js';
import { AfterQuitGroupCallback } from './after-quit-group.js';
import { AfterSendGroupMsgCallback } from './after-send-group-msg.js';
import { AfterSetGroupInfoExCallback } from './after-set-group-info-ex.js';
import { AfterSetGroupInfoCallback } from './after-set-group-info.js';
import { AfterSetGroupMemberInfoCallback } from './after-set-group-member-info.js';
import { AfterTransferGroupOwnerCallback } from './after-transfer-group-owner.js';
import { AfterUpdateUserInfoCallback, AfterUpdateUserInfoExCallback } from './after-update-user-info.js';
import type { CallbackPayloadClass } from './callback-payload.js';

/** A change as a callback brings it. */
interface ReportedChange<Change> extends GroupChange<Change> {
  /** What the callback does not report; undefined: it reports all. */
  readonly unreported?: string;
}

interface Command<Change> {
  /** What OpenIM sends for it. */
  readonly dto: CallbackPayloadClass<Change>;
  /** What it does to the replica. */
  readonly apply: (groupSync: GroupSyncService, change: ReportedChange<Change>) => Promise<SyncOutcome>;
  /** What servers up to 3.6 called it. */
  readonly olderNames: readonly string[];
}

/** Lets each row have its own type of change, checked between its columns. */
const command = <Change>(
  dto: Command<Change>['dto'],
  apply: Command<Change>['apply'],
  ...olderNames: string[]
): Command<unknown> => ({ dto, apply: apply as Command<unknown>['apply'], olderNames });

/**
 * The commands that are mirrored: OpenIM's name for it, its payload, its verb. Any other command is answered, and otherwise
 * ignored.
 */
export const CALLBACK_COMMANDS: ReadonlyMap<string, Command<unknown>> = new Map([
  [
    'callbackAfterCreateGroupCommand',
    command(AfterCreateGroupCallback, (sync, change) => sync.createGroup(change)),
  ],
  [
    'callbackAfterSetGroupInfoCommand',
    command(AfterSetGroupInfoCallback, (sync, change) => sync.setGroupInfo(change)),
  ],
  [
    'callbackAfterSetGroupInfoExCommand',
    command(AfterSetGroupInfoExCallback, (sync, change) => sync.setGroupInfo(change)),
  ],
  [
    'callbackAfterSetGroupMemberInfoCommand',
    command(AfterSetGroupMemberInfoCallback, (sync, change) => sync.setGroupMemberInfo(change)),
  ],
  [
    'callbackAfterQuitGroupCommand',
    command(AfterQuitGroupCallback, (sync, change) => sync.leaveGroup(change), 'callbackQuitGroupCommand'),
  ],
  [
    'callbackAfterKickGroupCommand',
    command(AfterKickGroupCallback, (sync, change) => sync.leaveGroup(change), 'callbackKillGroupCommand'),
  ],
  [
    'callbackAfterDisMissGroupCommand',
    command(
      AfterDismissGroupCallback,
      (sync, change) => sync.dismissGroup(change),
      'callbackDisMissGroupCommand',
    ),
  ],
  [
    'callbackAfterTransferGroupOwnerCommand',
    command(
      AfterTransferGroupOwnerCallback,
      (sync, change) => sync.transferGroupOwner(change),
      'callbackTransferGroupOwnerAfter',
      'callbackAfterTransferGroupOwner',
    ),
  ],
  [
    'callbackAfterJoinGroupCommand',
    command(AfterJoinGroupCallback, (sync, change) =>
      change.unreported === undefined
        ? sync.joinGroup(change as GroupChange<MemberJoined>)
        : sync.markGroupStale(change as GroupChange<GroupHint>),
    ),
  ],
  [
    'callbackAfterCreateGroupChatConversationsCommand',
    command(AfterCreateGroupChatConversationsCallback, (sync, change) => sync.markGroupStale(change)),
  ],
  [
    'callbackAfterSendGroupMsgCommand',
    command(AfterSendGroupMsgCallback, (sync, change) => sync.markGroupStale(change)),
  ],
  [
    'callbackAfterUpdateUserInfoCommand',
    command(AfterUpdateUserInfoCallback, (sync, change) => sync.markGroupsOfUser(change)),
  ],
  [
    'callbackAfterUpdateUserInfoExCommand',
    command(AfterUpdateUserInfoExCallback, (sync, change) => sync.markGroupsOfUser(change)),
  ],
]);

const TODAYS_NAMES = new Map(
  Array.from(CALLBACK_COMMANDS, ([name, { olderNames }]) =>
    olderNames.map((older) => [older, name] as const),
  ).flat(),
);

/** The command by the name that it has today, whatever the server's version calls it. */
export function commandToday(name: string): string {
  return TODAYS_NAMES.get(name) ?? name;
}

/** Whether the log may keep bodies of a command: of those that are not mirrored, and of messages and users, it does not. */
export function keepsBody(name: string): boolean {
  const dto = CALLBACK_COMMANDS.get(commandToday(name))?.dto;
  return dto !== undefined && !('redactedBody' in dto.prototype);
}

/** A callback that is not mirrored. */
export interface IgnoredCallback {
  readonly kind: 'ignored';
  /** Whether the log of deliveries has a row of it. */
  readonly isLogged: boolean;
}

/**
 * What a callback means: a mirrored one brings a change for `GroupSyncService`, an ignored one nothing. Plain data: it crosses
 * threads.
 */
export type Callback = MirroredCallback | IgnoredCallback;

/** A callback that is mirrored. */
export interface MirroredCallback extends ReportedChange<unknown> {
  readonly kind: 'mirrored';
  readonly command: string;
  /** The key of the callbacks that it must not overtake, nor be overtaken by. */
  readonly orderingKey: string;
  /** What the journal may keep of the body; undefined: all. */
  readonly redactedBody?: string;
  /** What it tells, in words. */
  readonly summary: string;
}

/** A callback that is mirrored, with the request that brought it. */
export interface ReceivedCallback extends MirroredCallback {
  readonly delivery: Delivery;
}

/** Does what a callback means; resolves when it is on disk. */
export function applyCallback(groupSync: GroupSyncService, callback: MirroredCallback): Promise<SyncOutcome> {
  return CALLBACK_COMMANDS.get(callback.command)!.apply(groupSync, callback);
}

import { afterCreateGroupChatConversations } from './after-create-group-chat-conversations.js';
import { afterCreateGroup } from './after-create-group.js';
import { afterDismissGroup } from './after-dismiss-group.js';
import { afterJoinGroup } from './after-join-group.js';
import { afterKickGroup } from './after-kick-group.js';
import { afterQuitGroup } from './after-quit-group.js';
import { afterSendGroupMsg } from './after-send-group-msg.js';
import { afterSetGroupInfoEx } from './after-set-group-info-ex.js';
import { afterSetGroupInfo } from './after-set-group-info.js';
import { afterSetGroupMemberInfo } from './after-set-group-member-info.js';
import { afterTransferGroupOwner } from './after-transfer-group-owner.js';
import { afterUpdateUserInfo, afterUpdateUserInfoEx } from './after-update-user-info.js';
import type { CallbackCommand } from './callback-command.js';

const COMMANDS = [
  afterCreateGroup,
  afterSetGroupInfo,
  afterSetGroupInfoEx,
  afterSetGroupMemberInfo,
  afterJoinGroup,
  afterQuitGroup,
  afterKickGroup,
  afterTransferGroupOwner,
  afterDismissGroup,
  afterUpdateUserInfo,
  afterUpdateUserInfoEx,
  afterCreateGroupChatConversations,
  afterSendGroupMsg,
];

/**
 * Registry of the commands that are mirrored, by their current names. The routes, the lines of `webhooks.yml`, the metrics and OpenAPI
 * are derived from it. Any other command is answered and ignored.
 */
export const CALLBACK_COMMANDS: ReadonlyMap<string, CallbackCommand<unknown>> = new Map(
  COMMANDS.map((command) => [command.name, command]),
);

const CURRENT_NAMES: ReadonlyMap<string, string> = new Map(
  COMMANDS.flatMap(({ name, olderNames }) => olderNames.map((olderName) => [olderName, name])),
);

/** Returns the name of a command in a current OpenIM, for its name in any version. */
export function currentNameOf(name: string): string {
  return CURRENT_NAMES.get(name) ?? name;
}

/** Whether the log of deliveries may keep the bodies of a command: not of messages, of users, and of commands that are not mirrored. */
export function keepsBody(name: string): boolean {
  const dto = CALLBACK_COMMANDS.get(currentNameOf(name))?.dto;
  return dto !== undefined && !('redactedBody' in dto.prototype);
}

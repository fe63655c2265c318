import { GROUP_NOTIFICATIONS } from './constants.js';

/** How long OpenIM is told to wait for an answer, in s; an answer comes within 4. */
export const CALLBACK_TIMEOUT_S = 5;

/** Versions of OpenIM whose `webhooks.yml` differ in what is needed here: the release with all of its patches, and the main branch. */
export type OpenImVersion = '3.8.3' | 'main';

/** A callback in OpenIM's `webhooks.yml`. */
interface Webhook {
  /** Its name there; another than that of its command. */
  readonly key: string;
  /** The only version whose file has it. */
  readonly only?: OpenImVersion;
  /** The content types of messages that are sent; undefined: it is of no message. */
  readonly allowedTypes?: string;
}

/** The callbacks to turn on (config/webhooks.yml; all are off as shipped). */
const WEBHOOKS: readonly Webhook[] = [
  { key: 'afterCreateGroup' },
  { key: 'afterSetGroupInfo' },
  { key: 'afterSetGroupInfoEx' },
  { key: 'afterSetGroupMemberInfo' },
  { key: 'afterJoinGroup' },
  { key: 'afterQuitGroup' },
  { key: 'afterKickGroupMember' },
  { key: 'afterTransferGroupOwner' },
  { key: 'afterDismissGroup' },
  { key: 'afterUpdateUserInfo' },
  { key: 'afterUpdateUserInfoEx' },
  { key: 'afterCreateGroupChatConversations', only: 'main' },
  // main has `afterSendGroupMsg` too, but without `allowedTypes`, and never sends these types (internal/rpc/msg/filter.go).
  {
    key: 'afterSendGroupMsg',
    only: '3.8.3',
    allowedTypes: `${GROUP_NOTIFICATIONS.first}-${GROUP_NOTIFICATIONS.last}`,
  },
];

/**
 * The callbacks to turn on.
 * @param version undefined: not known; then none whose lines would be of other messages in another version
 */
export const webhooksOf = (version?: OpenImVersion): readonly Webhook[] =>
  WEBHOOKS.filter(({ only }) => only === undefined || only === (version ?? 'main'));

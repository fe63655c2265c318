/** How long OpenIM is told to wait for an answer, in s; an answer comes within 4. */
export const CALLBACK_TIMEOUT_S = 5;

/** A callback in OpenIM's `webhooks.yml`. */
interface Webhook {
  /** Its name there; another than that of its command. */
  readonly key: string;
  /** Where the file has it. */
  readonly onlyWhere?: string;
}

/** The callbacks to turn on (config/webhooks.yml; all are off as shipped). */
export const WEBHOOKS: readonly Webhook[] = [
  { key: 'afterCreateGroup' },
  { key: 'afterSetGroupInfo' },
  { key: 'afterSetGroupInfoEx' },
  { key: 'afterSetGroupMemberInfo' },
  { key: 'afterJoinGroup' },
  { key: 'afterQuitGroup' },
  { key: 'afterKickGroupMember' },
  { key: 'afterTransferGroupOwner' },
  { key: 'afterDismissGroup' },
  { key: 'afterCreateGroupChatConversations', onlyWhere: 'only where your file has it' },
];

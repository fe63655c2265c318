import { setTimeout as sleep } from 'node:timers/promises';
import type { FakeOpenIm } from './fake-openim.js';

/** What OpenIM has read from its `webhooks.yml`. All entries are on; `off` and `on` name the others. */
export interface WebhooksYml {
  url: string;
  /** Keys of after... entries that are off. */
  off?: string[];
  /** Keys of before... entries that are on. */
  on?: string[];
  timeout?: number;
  /** Whether the version shows it: from 3.8.4 on. */
  isShown?: boolean;
  /** Delay of each callback, or of those of `late`, in ms. */
  delayMs?: number;
  /** Keys of the callbacks that are delayed. */
  late?: string[];
}

const KEYS = [
  'afterCreateGroup',
  'afterSetGroupInfo',
  'afterSetGroupInfoEx',
  'afterSetGroupMemberInfo',
  'afterJoinGroup',
  'afterQuitGroup',
  'afterKickGroupMember',
  'afterTransferGroupOwner',
  'afterDismissGroup',
  'afterUpdateUserInfo',
  'afterUpdateUserInfoEx',
];

/** Makes OpenIM create, change and dismiss groups, and call the url in its `webhooks.yml`, once and without a retry (pkg/common/webhook). */
export class OpenImWebhooks {
  /** The names of the groups that exist, by groupID. */
  readonly groups = new Map<string, string>();

  constructor(
    openIm: FakeOpenIm,
    private readonly yml: WebhooksYml,
  ) {
    Object.assign(openIm.calls, {
      '/group/create_group': ({ groupInfo, ownerUserID }: Body) => {
        const { groupID, groupName, groupType } = groupInfo!;
        this.groups.set(groupID, groupName);
        const fields = { ownerUserID, groupName, groupType, createTime: Date.now(), memberCount: 1 };
        const initMemberList = [{ userID: ownerUserID, roleLevel: 100 }];
        this.call('afterCreateGroup', 'CreateGroup', { groupID, ...fields, initMemberList });
        this.call('afterCreateConversations', 'CreateGroupChatConversations', { groupId: groupID });
        return DONE;
      },
      '/group/set_group_info': ({ groupInfoForSet }: Body) => {
        this.groups.set(groupInfoForSet!.groupID, groupInfoForSet!.groupName);
        this.call('afterSetGroupInfo', 'SetGroupInfo', groupInfoForSet!);
        return DONE;
      },
      '/group/dismiss_group': ({ groupID }: Body) => {
        if (!this.groups.delete(groupID!)) {
          return { errCode: 1004, errMsg: 'RecordNotFoundError', errDlt: '' };
        }
        this.call('afterDismissGroup', 'DisMissGroup', {
          groupID,
          ownerID: 'imAdmin',
          groupType: '\u0002',
          membersID: [],
        });
        return DONE;
      },
      ...(yml.isShown && {
        // ConfigManager.GetConfig: the JSON of a Go struct whose fields have no names for JSON.
        '/config/get_config': () => ({ ...DONE, data: JSON.stringify(this.settings()) }),
      }),
    });
  }

  private settings(): object {
    const { url, off = [], on = [], timeout = 5 } = this.yml;
    const entry = (key: string, enable: boolean) => [
      `${key[0]!.toUpperCase()}${key.slice(1)}`,
      { Enable: enable, Timeout: timeout, DeniedTypes: null },
    ];
    return {
      URL: url,
      ...Object.fromEntries([
        ...KEYS.map((key) => entry(key, !off.includes(key))),
        ...['beforeCreateGroup', 'beforeSendGroupMsg'].map((key) => entry(key, on.includes(key))),
      ]),
    };
  }

  private call(key: string, name: string, body: object): void {
    const { url, off = [], delayMs = 0, late = [key] } = this.yml;
    if (off.includes(key)) {
      return;
    }
    const command = `callbackAfter${name}Command`;
    const { origin, pathname, username, password } = new URL(url);
    void sleep(late.includes(key) ? delayMs : 0)
      .then(() =>
        fetch(`${origin}${pathname}/${command}`, {
          method: 'POST',
          headers: {
            'content-type': 'application/json',
            authorization: `Basic ${btoa(`${username}:${decodeURIComponent(password)}`)}`,
          },
          body: JSON.stringify({ callbackCommand: command, ...body }),
        }),
      )
      .catch(() => undefined);
  }
}

interface Body {
  groupID?: string;
  ownerUserID?: string;
  groupInfo?: { groupID: string; groupName: string; groupType: number };
  groupInfoForSet?: { groupID: string; groupName: string };
}

const DONE = { errCode: 0, errMsg: '', errDlt: '', data: null };

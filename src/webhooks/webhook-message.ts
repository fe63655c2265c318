import { createHash } from 'node:crypto';
import { Webhook } from 'standardwebhooks';
import { toChangeDto } from '../changes/change.dto.js';
import type { GroupChange } from '../changes/group-change.entity.js';

/** A message to a receiver, by Standard Webhooks (standardwebhooks.com). */
export interface WebhookMessage {
  /** The same at each attempt, so that a receiver recognizes a change that it has. */
  readonly id: string;
  readonly body: string;
}

/** The message of a change. */
export function messageOf(change: GroupChange): WebhookMessage {
  const { groupID, revision, recordedAt } = change;
  const hash = createHash('sha256').update([groupID, revision, recordedAt.toISOString()].join('\n'));
  return {
    id: `msg_${hash.digest('hex').slice(0, 32)}`,
    body: JSON.stringify({
      type: 'group.changed',
      timestamp: recordedAt.toISOString(),
      data: toChangeDto(change),
    }),
  };
}

/** The headers of an attempt: signed with each secret, so that a receiver may know the old or the new one. */
export function headersOf({ id, body }: WebhookMessage, secrets: readonly string[]): Record<string, string> {
  const now = new Date();
  return {
    'content-type': 'application/json',
    'user-agent': 'openim-group-sync',
    'webhook-id': id,
    'webhook-timestamp': String(Math.floor(now.getTime() / 1000)),
    'webhook-signature': secrets.map((secret) => new Webhook(secret).sign(id, now, body)).join(' '),
  };
}

import { readConfig } from '../../config/read-config.js';
import { messageOf } from '../../webhooks/webhook-message.js';
import { post } from '../../webhooks/webhook-request.js';
import { CommandError, printLine } from '../context/context.js';

/**
 * Posts a signed example to a receiver, and prints what came of it.
 * @returns whether it was received
 * @throws CommandError where CHANGES_WEBHOOK_SECRET is not set
 */
export async function webhooksTest(url: string): Promise<boolean> {
  const { CHANGES_WEBHOOK_SECRET: secrets } = readConfig();
  if (!secrets) {
    throw new CommandError('CHANGES_WEBHOOK_SECRET is not set: the receiver could not check the signature');
  }
  const now = new Date();
  const message = messageOf({
    groupID: 'example',
    revision: '1',
    kinds: ['info'],
    source: 'callback',
    cause: null,
    asOf: now,
    recordedAt: now,
    change: { group: { groupName: ['An example', 'An example of a change'] } },
    position: '1',
    drift: null,
  });
  const attempt = await post({ url, secrets }, message, new AbortController().signal);
  printLine(
    attempt.isReceived
      ? `${url} received ${message.id}: ${message.body}`
      : `${url} did not receive the example: ${attempt.problem}`,
  );
  return attempt.isReceived;
}

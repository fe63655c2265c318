import { Logger } from '@nestjs/common';
import { encodeFeedCursor, type FeedCursor } from '../changes/feed-cursor.js';
import type { GroupChange } from '../changes/group-change.entity.js';
import { pause } from '../waiting/poll.js';
import { together } from '../waiting/together.js';
import type { EndpointChannel } from './endpoint-channel.js';
import { type HeldGroups, toStored, type WaitingGroup } from './held-groups.js';
import type { SenderTools } from './sender-tools.js';

/** Number of groups that are sent at the same time; as many held groups beside them. */
const LANES = 16;
/** Number of changes that are read at once. */
const BATCH = 100;
/** Longest time that a group may take of a batch, in ms: then it is held, and the others go on. */
const SLOW_MS = 5000;
/** Longest wait for a change, in ms. */
const IDLE_MS = 10_000;
/** Interval in which the held groups are looked at, in ms. */
const SOON_MS = 100;

/**
 * Sends the changes to one endpoint, each group's in order, until the session ends: `follow` sends what comes behind the cursor, `retry` the
 * held groups. A group that fails is held, and the cursor goes on without it.
 */
export class SendSession {
  private readonly logger = new Logger('Webhooks');
  /** Revisions of groups that were released during the batch: what is before them was sent. */
  private readonly released = new Map<string, bigint>();

  /** @param place the place up to which the changes were read: those of held groups are sent by `retry` */
  constructor(
    private readonly channel: EndpointChannel,
    private place: FeedCursor,
    private readonly held: HeldGroups,
    private readonly tools: SenderTools,
  ) {}

  /** Sends the changes behind the cursor, and moves it. @throws OutdatedSenderError; the driver's error */
  async follow(signal: AbortSignal): Promise<void> {
    const { changes, poller, metrics } = this.tools;
    const { endpoint, row } = this.channel;
    while (!signal.aborted) {
      const { generation } = poller;
      const part = await changes.readAfter(this.place, { limit: BATCH });
      if (part.isIncomplete && part.changes.length > 0) {
        this.logger.error(
          { ...this.channel.about() },
          'Changes were removed by the retention before a webhook received them',
        );
      }
      metrics.setOldest(endpoint.id, part.changes[0]?.recordedAt);
      this.released.clear();
      this.place = part.next;
      await this.sendBatch(part.changes, signal);
      if (signal.aborted) {
        return;
      }
      if (part.changes.length > 0) {
        await row.advance(encodeFeedCursor(part.epoch, part.next));
      }
      if (part.caughtUp) {
        metrics.setOldest(endpoint.id, undefined);
        await poller.next(generation, IDLE_MS, signal);
      }
    }
  }

  /** Sends the held groups, each when its time has come. @throws as `follow` */
  async retry(signal: AbortSignal): Promise<void> {
    await inLanes(signal, async (ended) => {
      while (!ended.aborted) {
        const group = this.held.takeDue();
        if (group) {
          await this.retryGroup(group, ended).finally(() => (group.isSending = false));
        } else {
          await pause(SOON_MS, ended);
        }
      }
    });
  }

  /** Sends the changes of a batch: of each group one after another, of some groups at the same time. */
  private async sendBatch(changes: readonly GroupChange[], signal: AbortSignal): Promise<void> {
    const queues = new Map<string, GroupChange[]>();
    for (const change of changes) {
      const queue = queues.get(change.groupID);
      if (queue) {
        queue.push(change);
      } else {
        queues.set(change.groupID, [change]);
      }
    }
    const waiting = [...queues.values()];
    await inLanes(signal, async (ended) => {
      for (let queue = waiting.shift(); queue && !ended.aborted; queue = waiting.shift()) {
        await this.sendQueue(queue, ended);
      }
    });
  }

  private async sendQueue(queue: readonly GroupChange[], signal: AbortSignal): Promise<void> {
    const start = Date.now();
    for (const change of queue) {
      const { groupID, revision } = change;
      while (this.held.isFull && !this.held.has(groupID) && !signal.aborted) {
        await pause(SOON_MS, signal);
      }
      if (this.held.has(groupID) || signal.aborted) {
        return;
      }
      if (BigInt(revision) < (this.released.get(groupID) ?? 0n)) {
        continue;
      }
      const isSlow = Date.now() - start > SLOW_MS;
      const attempt = isSlow ? undefined : await this.channel.send(change, signal);
      if (signal.aborted) {
        return;
      }
      if (attempt?.isReceived) {
        this.held.received();
      } else {
        await this.keep(this.held.hold(change, attempt));
        return;
      }
    }
  }

  /** Sends what a held group has up to the place that was read, as long as it is not slow. */
  private async retryGroup(group: WaitingGroup, signal: AbortSignal): Promise<void> {
    const { place } = this;
    const changes = await this.tools.store.changesOf(group.groupID, String(group.revision), place, BATCH);
    if (changes.length === 0) {
      await this.release(group, place);
      return;
    }
    const start = Date.now();
    for (const change of changes) {
      const attempt = await this.channel.send(change, signal);
      if (!attempt) {
        return;
      }
      if (!attempt.isReceived) {
        this.held.fail(group, attempt);
        await this.giveUp(group, change);
        return;
      }
      this.held.received();
      this.held.passed(group, change);
      if (Date.now() - start > SLOW_MS) {
        break;
      }
    }
    await this.keep(group);
  }

  /** Keeps a group that failed; after 3 days its change is skipped, or the endpoint is stopped. */
  private async giveUp(group: WaitingGroup, change: GroupChange): Promise<void> {
    const verdict = this.held.verdict(group);
    if (verdict === 'stop') {
      await this.channel.stop('The receiver received nothing for 3 days');
    }
    if (verdict === 'skip') {
      this.logger.error(
        { ...this.channel.about(change), problem: group.lastError },
        'A change was not received for 3 days by a webhook and is skipped',
      );
      this.held.passed(group, change);
    }
    await this.keep(group, verdict === 'skip' ? 1 : 0);
  }

  /** Releases a group that has caught up with a place, unless later changes were read meanwhile, which were left to it. */
  private async release(group: WaitingGroup, place: FeedCursor): Promise<void> {
    const { endpoint, row } = this.channel;
    await row.release(group.groupID);
    if (this.place === place) {
      this.held.release(group);
      this.released.set(group.groupID, group.revision);
      this.tools.metrics.setHeld(endpoint.id, this.held.size);
    } else {
      await this.keep(group);
    }
  }

  private async keep(group: WaitingGroup, skipped = 0): Promise<void> {
    const { endpoint, row } = this.channel;
    this.tools.metrics.setHeld(endpoint.id, this.held.size);
    await row.hold(toStored(group), skipped);
  }
}

/** Runs some of the same work at the same time. @throws the first error, after the end of all */
async function inLanes(signal: AbortSignal, work: (ended: AbortSignal) => Promise<void>): Promise<void> {
  await together(signal, Array<typeof work>(LANES).fill(work));
}

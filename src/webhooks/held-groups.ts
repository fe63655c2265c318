import type { GroupChange } from '../changes/group-change.entity.js';
import { backoffMs, GIVE_UP_MS } from './backoff.js';
import type { Attempt } from './webhook-request.js';
import type { Held } from './endpoint-row.js';

/** Maximum number of held groups. With more of them the receiver is away, and not a group at fault: nothing else is sent. */
const MAX_HELD = 20;

type Failure = Extract<Attempt, { isReceived: false }>;

/** A held group in memory; times in ms since 1970. */
export interface WaitingGroup {
  readonly groupID: string;
  revision: bigint;
  attempts: number;
  since: number;
  nextAttemptAt: number;
  lastError: string | null;
  isSending: boolean;
}

/** The groups whose next change waits, of one endpoint. */
export class HeldGroups {
  private readonly groups = new Map<string, WaitingGroup>();
  /** Whether the receiver counts as away, until it receives something. */
  private isAway = false;
  /** When the receiver last received a change, in ms since 1970; 0: never. */
  private receivedAt: number;

  constructor(stored: readonly Held[], receivedMsAgo: number | null) {
    const now = Date.now();
    this.receivedAt = receivedMsAgo === null ? 0 : now - receivedMsAgo;
    for (const { groupID, revision, attempts, lastError, sinceMs, nextAttemptInMs } of stored) {
      this.groups.set(groupID, {
        groupID,
        revision: BigInt(revision),
        attempts,
        lastError,
        since: now - sinceMs,
        nextAttemptAt: now + nextAttemptInMs,
        isSending: false,
      });
    }
  }

  get size(): number {
    return this.groups.size;
  }

  get isFull(): boolean {
    return this.groups.size >= MAX_HELD;
  }

  has(groupID: string): boolean {
    return this.groups.has(groupID);
  }

  /** Holds a group from a change on. @param failure undefined: the group is only slow */
  hold({ groupID, revision }: GroupChange, failure: Failure | undefined): WaitingGroup {
    const now = Date.now();
    const group: WaitingGroup = {
      groupID,
      revision: BigInt(revision),
      attempts: 0,
      since: now,
      nextAttemptAt: now,
      lastError: null,
      isSending: false,
    };
    this.groups.set(groupID, group);
    if (failure) {
      this.fail(group, failure);
    }
    return group;
  }

  /** Schedules the next attempt after a failed one. */
  fail(group: WaitingGroup, { problem, retryAfterMs }: Failure): void {
    group.attempts += 1;
    group.lastError = problem;
    group.nextAttemptAt = Date.now() + backoffMs(group.attempts, retryAfterMs);
    this.isAway ||= this.isFull;
  }

  /** Goes on with the change after this one. */
  passed(group: WaitingGroup, { revision }: GroupChange): void {
    group.revision = BigInt(revision) + 1n;
    group.attempts = 0;
    group.lastError = null;
    group.since = Date.now();
    group.nextAttemptAt = group.since;
  }

  /** Notes that the receiver received something. If it was away, all groups are sent again soon. */
  received(): void {
    this.receivedAt = Date.now();
    if (this.isAway) {
      this.isAway = false;
      const now = Date.now();
      this.groups.forEach((group) => {
        group.nextAttemptAt = Math.min(group.nextAttemptAt, now + Math.random() * 1000);
      });
    }
  }

  /** What becomes of a group whose change failed: it is sent again, or, after 3 days, the change is skipped or the endpoint stopped. */
  verdict({ since }: WaitingGroup): 'retry' | 'skip' | 'stop' {
    if (Date.now() - since < GIVE_UP_MS) {
      return 'retry';
    }
    return this.receivedAt > since ? 'skip' : 'stop';
  }

  /** Takes a group whose time has come, and marks it as being sent. */
  takeDue(): WaitingGroup | undefined {
    const now = Date.now();
    const due = [...this.groups.values()].find((group) => !group.isSending && group.nextAttemptAt <= now);
    if (due) {
      due.isSending = true;
    }
    return due;
  }

  release({ groupID }: WaitingGroup): void {
    this.groups.delete(groupID);
  }
}

/** A held group as it is stored. */
export const toStored = ({
  groupID,
  revision,
  attempts,
  since,
  nextAttemptAt,
  lastError,
}: WaitingGroup): Held => ({
  groupID,
  revision: revision.toString(),
  attempts,
  lastError,
  sinceMs: Math.max(Date.now() - since, 0),
  nextAttemptInMs: Math.max(nextAttemptAt - Date.now(), 0),
});

import { randomUUID } from 'node:crypto';
import type { GroupState, Step } from './group-model.js';

/**
 * What became of a callback as far as the sender knows: `acknowledged` with HTTP 200 and actionCode 0; `unknown` without an
 * answer or with a 5xx: it may have been done; `rejected` with anything else.
 */
export type Fate = 'acknowledged' | 'unknown' | 'rejected';

/** What was sent for a group. */
export interface GroupRecord {
  /** After everything that was acknowledged; null: not even the creation was. */
  certain: GroupState | null;
  /** The last callback, where its fate is unknown, and what is true if it was done. */
  doubtful: { readonly operationID: string; readonly after: GroupState } | null;
}

/** Remembers every callback that was sent, what was answered, and so what the rows must say. */
export class Ledger {
  /** Begins the IDs of everything that is sent: a ledger looks at nothing else in the database. */
  readonly prefix = `${randomUUID().slice(0, 8)}-`;
  readonly fates = new Map<string, Fate>();
  readonly groups = new Map<string, GroupRecord>();
  /** How often each HTTP status came; 0: no answer. */
  readonly statuses = new Map<number, number>();
  /** How long each answer took, in ms. */
  readonly latenciesMs: number[] = [];
  /** The first answers that nobody expected. */
  readonly oddities: string[] = [];
  private numbers = 0;

  /** An ID that nobody else has. */
  newID(): string {
    this.numbers += 1;
    return this.prefix + this.numbers.toString(36);
  }

  /**
   * @param status of HTTP; 0: no answer
   * @param text the body of the answer
   */
  record(operationID: string, { command, after }: Step, status: number, text: string): Fate {
    const fate = fateOf(status, text);
    this.fates.set(operationID, fate);
    this.statuses.set(status, (this.statuses.get(status) ?? 0) + 1);
    const group = this.groups.get(after.groupID) ?? { certain: null, doubtful: null };
    this.groups.set(after.groupID, group);
    if (fate === 'acknowledged') {
      group.certain = after;
    } else if (fate === 'unknown') {
      group.doubtful = { operationID, after };
    } else if (this.oddities.length < 10) {
      this.oddities.push(`${command} ${operationID}: ${status} ${text.slice(0, 300)}`);
    }
    return fate;
  }

  /** So many of a hundred answers took less than this, in ms. */
  percentile(part: number): number {
    const sorted = this.latenciesMs.toSorted((one, other) => one - other);
    return Math.round(sorted[Math.floor((sorted.length - 1) * part)] ?? 0);
  }

  count(fate: Fate): number {
    return [...this.fates.values()].filter((one) => one === fate).length;
  }
}

function fateOf(status: number, text: string): Fate {
  if (status === 0 || status >= 500) {
    return 'unknown';
  }
  return status === 200 && (JSON.parse(text) as { actionCode?: unknown }).actionCode === 0
    ? 'acknowledged'
    : 'rejected';
}

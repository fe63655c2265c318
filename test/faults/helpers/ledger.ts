import { randomUUID } from 'node:crypto';
import type { GroupState, Step } from './group-model.js';

/**
 * Result of a callback for its sender. `acknowledged`: HTTP 200 and actionCode 0. `unknown`: no answer or a 5xx; the service may
 * have applied the callback. `rejected`: any other answer.
 */
export type Fate = 'acknowledged' | 'unknown' | 'rejected';

/** Callbacks of a group. */
export interface GroupRecord {
  /** State after all acknowledged callbacks; null if the creation is not acknowledged. */
  confirmed: GroupState | null;
  /** The last callback if its fate is `unknown`, and the state if the service applied it. */
  unconfirmed: { readonly operationID: string; readonly after: GroupState } | null;
}

/** Records every sent callback and its answer, and derives the expected rows. */
export class Ledger {
  /** Prefix of all IDs of this ledger. The verifier reads only rows with this prefix. */
  readonly prefix = `${randomUUID().slice(0, 8)}-`;
  readonly fates = new Map<string, Fate>();
  readonly groups = new Map<string, GroupRecord>();
  /** Number of answers by HTTP status; 0 stands for no answer. */
  readonly statuses = new Map<number, number>();
  /** Duration of each answer, in ms. */
  readonly latenciesMs: number[] = [];
  /** The first rejected answers. */
  readonly unexpectedAnswers: string[] = [];
  private numbers = 0;

  /** Returns a unique ID. */
  newID(): string {
    this.numbers += 1;
    return this.prefix + this.numbers.toString(36);
  }

  /**
   * Records the answer to a callback.
   * @param status the HTTP status; 0 stands for no answer
   * @param text the body of the answer
   */
  record(operationID: string, { command, after }: Step, status: number, text: string): Fate {
    const fate = fateOf(status, text);
    this.fates.set(operationID, fate);
    this.statuses.set(status, (this.statuses.get(status) ?? 0) + 1);
    const group = this.groups.get(after.groupID) ?? { confirmed: null, unconfirmed: null };
    this.groups.set(after.groupID, group);
    if (fate === 'acknowledged') {
      group.confirmed = after;
    } else if (fate === 'unknown') {
      group.unconfirmed = { operationID, after };
    } else if (this.unexpectedAnswers.length < 10) {
      this.unexpectedAnswers.push(`${command} ${operationID}: ${status} ${text.slice(0, 300)}`);
    }
    return fate;
  }

  /** Returns the percentile of the latencies, in ms. */
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

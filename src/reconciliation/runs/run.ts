import type { ReconciliationRun, RunKind } from '../run-log/reconciliation-run.entity.js';
import type { RunFigures } from '../run-log/run-log.service.js';
import type { ReconcileResult } from '../queue/reconcile-result.js';

/** Problems that are kept of one run. */
const NOTES = 5;

/** A run under way: what it has counted so far. */
export class Run implements RunFigures {
  groups = 0;
  groupsRead = 0;
  members = 0;
  differences = 0;
  /** Groups of which it is not settled yet what they are. */
  readonly tooRecent = new Set<string>();
  /** Groups that failed, and why. */
  private readonly failed = new Map<string, string>();
  private readonly notes: string[] = [];
  private readonly start = performance.now();
  /** Groups that were read before this run began. */
  private before = 0;
  private readonly requestsBefore: number;

  /** @param requestsSoFar how many requests were made to OpenIM so far, by this process */
  constructor(
    readonly kind: RunKind,
    private readonly requestsSoFar: () => number,
  ) {
    this.requestsBefore = requestsSoFar();
  }

  get requests(): number {
    return this.requestsSoFar() - this.requestsBefore;
  }

  get figures(): RunFigures {
    const { groups, groupsRead, members, differences, requests, problem, failed } = this;
    return { groups, groupsRead, groupsFailed: failed.size, members, differences, requests, problem };
  }

  get groupsFailed(): number {
    return this.failed.size;
  }

  /** Why it failed, or what it could not do; null: nothing is wrong. */
  get problem(): string | null {
    const [first] = this.failed;
    const parts = [
      ...this.notes,
      ...(first
        ? [
            `${this.failed.size} groups failed and are tried again, such as ${first[0].slice(0, 255)}: ${first[1]}`,
          ]
        : []),
    ];
    return parts.length > 0 ? parts.join('; ') : null;
  }

  /** Notes something that the run could not do. */
  note(problem: string): void {
    if (this.notes.length < NOTES) {
      this.notes.push(problem);
    }
  }

  /** So many groups of the list had been read before. */
  skip(groups: number): void {
    this.groupsRead += groups;
    this.before += groups;
  }

  count({ groupID, state, reason, members, drift }: ReconcileResult): void {
    const isSecond = this.tooRecent.delete(groupID) || this.failed.delete(groupID);
    this.groupsRead += state === 'unchanged' || isSecond ? 0 : 1;
    this.members += members;
    this.differences += drift
      .filter(({ kind }) => kind !== 'filled')
      .reduce((sum, { differences }) => sum + differences, 0);
    if (state === 'unverified' || state === 'failed') {
      this.failed.set(groupID, reason ?? 'it could not be read whole');
    } else if (state === 'tooRecent' || state === 'outdated') {
      this.tooRecent.add(groupID);
    }
  }

  /** The groups that are to be reconciled once more before the run ends. */
  get unfinished(): string[] {
    return [...this.tooRecent, ...this.failed.keys()];
  }

  /** How far it is, in words: "Backfill: 3,400 of 10,000 groups, 340,000 members, 170 groups/s, 39 s left". */
  toString(): string {
    const seconds = (performance.now() - this.start) / 1000;
    const rate = (this.groupsRead - this.before) / seconds;
    const left = rate > 0 ? Math.max(0, Math.round((this.groups - this.groupsRead) / rate)) : undefined;
    const parts = [
      `${inWords(this.groupsRead)} of ${inWords(this.groups)} groups`,
      `${inWords(this.members)} members`,
      `${inWords(this.differences)} differences`,
      `${rate.toFixed(rate < 10 ? 1 : 0)} groups/s`,
      ...(left === undefined ? [] : [`${left} s left`]),
    ];
    return `${NAMES[this.kind]}: ${parts.join(', ')}`;
  }

  /** What came of it, in words. */
  outcome(): string {
    const seconds = (performance.now() - this.start) / 1000;
    return (
      `${NAMES[this.kind]}: ${inWords(this.groupsRead)} groups and ${inWords(this.members)} members read of ${inWords(this.groups)} groups, ` +
      `${inWords(this.differences)} differences, ${inWords(this.requests)} requests, ${seconds.toFixed(1)} s`
    );
  }
}

const NAMES: Readonly<Record<ReconciliationRun['kind'], string>> = {
  backfill: 'Backfill',
  resync: 'Resync',
  full: 'Full run',
};

const inWords = (count: number): string => count.toLocaleString('en');

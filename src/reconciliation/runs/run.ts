import type { ReconciliationRun, RunKind } from './reconciliation-run.entity.js';
import type { RunFigures } from './run-log.service.js';
import type { Look } from '../look.service.js';

/** A run under way: what it has counted so far. */
export class Run implements RunFigures {
  groups = 0;
  groupsRead = 0;
  members = 0;
  repairs = 0;
  problem: string | null = null;
  /** Groups whose last look did not settle what they are. */
  readonly unsettled = new Set<string>();
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
    const { groups, groupsRead, members, repairs, requests, problem } = this;
    return { groups, groupsRead, members, repairs, requests, problem };
  }

  /** So many groups of the list had been read before. */
  skip(groups: number): void {
    this.groupsRead += groups;
    this.before += groups;
  }

  count({ groupID, state, members, repairs }: Look): void {
    this.groupsRead += state === 'unchanged' || this.unsettled.has(groupID) ? 0 : 1;
    this.members += members;
    this.repairs += repairs
      .filter(({ kind }) => kind !== 'filled')
      .reduce((sum, { changes }) => sum + changes, 0);
    if (state === 'unsettled' || state === 'unverified') {
      this.unsettled.add(groupID);
    } else {
      this.unsettled.delete(groupID);
    }
  }

  /** How far it is, in words: "Backfill: 3,400 of 10,000 groups, 340,000 members, 170 groups/s, 39 s left". */
  toString(): string {
    const seconds = (performance.now() - this.start) / 1000;
    const rate = (this.groupsRead - this.before) / seconds;
    const left = rate > 0 ? Math.max(0, Math.round((this.groups - this.groupsRead) / rate)) : undefined;
    const parts = [
      `${inWords(this.groupsRead)} of ${inWords(this.groups)} groups`,
      `${inWords(this.members)} members`,
      `${inWords(this.repairs)} repairs`,
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
      `${inWords(this.repairs)} repairs, ${inWords(this.requests)} requests, ${seconds.toFixed(1)} s`
    );
  }
}

const NAMES: Readonly<Record<ReconciliationRun['kind'], string>> = {
  backfill: 'Backfill',
  sweep: 'Sweep',
  full: 'Full run',
};

const inWords = (count: number): string => count.toLocaleString('en');

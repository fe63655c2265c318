import type { RunKind } from '../run-log/reconciliation-run.entity.js';
import type { RunFigures } from '../run-log/run-log.service.js';
import type { ReconcileResult } from '../queue/reconcile-result.js';

/** Maximum number of problems that a run keeps. */
const MAX_NOTES = 5;

/** A run in progress: counts the results of its groups. */
export class Run implements RunFigures {
  /** Id of its row in the table of runs; undefined before it begins. */
  id?: string;
  groups = 0;
  groupsRead = 0;
  members = 0;
  differences = 0;
  /** Groups whose last result was `tooRecent` or `outdated`. */
  readonly tooRecent = new Set<string>();
  /** Reasons of the groups that failed. */
  private readonly failed = new Map<string, string>();
  private readonly notes: string[] = [];
  private readonly start = performance.now();
  /** Groups that were read before this run. */
  private skipped = 0;
  private readonly requestsBefore: number;

  /** @param requestsSoFar returns the number of requests of this process to OpenIM so far */
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

  /** Why the run failed, or what it left out; null: nothing. */
  get problem(): string | null {
    const [first] = this.failed;
    const failed = first
      ? [`${this.failed.size} groups failed and are retried, such as ${first[0].slice(0, 255)}: ${first[1]}`]
      : [];
    const problems = [...this.notes, ...failed];
    return problems.length > 0 ? problems.join('; ') : null;
  }

  /** Notes a problem. */
  note(problem: string): void {
    if (this.notes.length < MAX_NOTES) {
      this.notes.push(problem);
    }
  }

  /** Counts groups of the list that were read before this run. */
  skip(groups: number): void {
    this.groupsRead += groups;
    this.skipped += groups;
  }

  count({ groupID, state, reason, members, drift }: ReconcileResult): void {
    const isRetry = this.tooRecent.delete(groupID) || this.failed.delete(groupID);
    this.groupsRead += state === 'unchanged' || isRetry ? 0 : 1;
    this.members += members;
    this.differences += drift
      .filter(({ kind }) => kind !== 'filled')
      .reduce((sum, { differences }) => sum + differences, 0);
    if (state === 'unverified' || state === 'failed') {
      this.failed.set(groupID, reason ?? 'no full snapshot could be taken');
    } else if (state === 'tooRecent' || state === 'outdated') {
      this.tooRecent.add(groupID);
    }
  }

  /** The groups to reconcile again before the run ends. */
  get unfinished(): string[] {
    return [...this.tooRecent, ...this.failed.keys()];
  }

  /** Fields for the log while the run is in progress. `secondsLeft` is estimated by the rate so far. */
  get progress(): object {
    const { kind, groups, groupsRead, members, differences } = this;
    const rate = (groupsRead - this.skipped) / this.seconds;
    return {
      kind,
      groups,
      groupsRead,
      members,
      differences,
      groupsPerSecond: round(rate),
      ...(rate > 0 && { secondsLeft: Math.max(0, Math.round((groups - groupsRead) / rate)) }),
    };
  }

  /** Fields for the log at the end of the run. */
  get outcome(): object {
    const { kind, figures, seconds } = this;
    return { kind, ...figures, seconds: round(seconds) };
  }

  private get seconds(): number {
    return (performance.now() - this.start) / 1000;
  }
}

const round = (value: number): number => Math.round(value * 10) / 10;

import { setTimeout as sleep } from 'node:timers/promises';
import type { TestDatabase } from '../../helpers/database.js';
import type { OpenImGroup } from '../../helpers/open-im.js';

const POLL_MS = 50;

/** Measures the time from a change in OpenIM to the same change in the mirror. */
export class Freshness {
  private readonly waiting = new Map<string, { group: OpenImGroup; since: number }>();
  private readonly latenciesMs: number[] = [];
  private readonly ending = new AbortController();
  private readonly polling: Promise<void>;

  constructor(private readonly database: TestDatabase) {
    this.polling = this.poll();
  }

  /** Records a change of the name or of the number of members of a group. */
  changed(group: OpenImGroup): void {
    const since = this.waiting.get(group.groupID)?.since ?? performance.now();
    this.waiting.set(group.groupID, { group, since });
  }

  /** Number of changes that the mirror does not have yet. */
  get missing(): number {
    return this.waiting.size;
  }

  /** Returns the percentile of the delays so far, in ms. */
  percentile(part: number): number {
    const sorted = this.latenciesMs.toSorted((one, other) => one - other);
    return Math.round(sorted[Math.floor((sorted.length - 1) * part)] ?? 0);
  }

  get count(): number {
    return this.latenciesMs.length;
  }

  async stop(): Promise<void> {
    this.ending.abort();
    await this.polling;
  }

  private async poll(): Promise<void> {
    while (!this.ending.signal.aborted) {
      const rows = await this.database.query<{ group_id: string; group_name: string; member_count: string }>(
        'SELECT group_id, group_name, member_count FROM groups WHERE group_id = ANY ($1)',
        [[...this.waiting.keys()]],
      );
      for (const row of rows) {
        const { group, since } = this.waiting.get(row.group_id)!;
        if (row.group_name === group.groupName && Number(row.member_count) === group.members.size) {
          this.waiting.delete(row.group_id);
          this.latenciesMs.push(performance.now() - since);
        }
      }
      await sleep(POLL_MS);
    }
  }
}

import { BOOT, uptime } from './boot.js';
import type { JournalEntry } from './journal-entry.js';
import type { Place } from './journal-segment.js';

/** What is held in memory of an entry. */
export interface WaitingEntry extends Omit<JournalEntry, 'body' | 'asOf'> {
  asOf: number | null;
  /** Undefined until it is on disk. */
  place?: Place;
  /** Whether PostgreSQL may have it already: it was tried, or an earlier process may have done so. */
  mayBeWritten: boolean;
}

/** The entries that wait, by group, each group's in the order in which they came. */
export class JournaledGroups {
  private readonly byGroup = new Map<string, WaitingEntry[]>();
  private count = 0;
  /** What the last entry is true as of: no later one is earlier, whatever the clocks show. */
  private lastAsOf = 0;
  private lacksMoments = false;

  /** How many entries there are. */
  get entries(): number {
    return this.count;
  }

  /** How many groups they are of. */
  get size(): number {
    return this.byGroup.size;
  }

  /** The groups that they are of. */
  get ids(): string[] {
    return [...this.byGroup.keys()];
  }

  /** Whether entries of this group wait: later callbacks of it must too. */
  has(groupID: string): boolean {
    return this.byGroup.has(groupID);
  }

  /** When the first entry of all came, ms since 1970. */
  get oldestReceivedAt(): number | undefined {
    let oldest: number | undefined;
    for (const [first] of this.byGroup.values()) {
      oldest = Math.min(oldest ?? Infinity, first!.receivedAt);
    }
    return oldest;
  }

  /** Adds an entry behind all others. */
  add(entry: Omit<JournalEntry, 'body'>): WaitingEntry {
    const waiting: WaitingEntry = { ...entry, mayBeWritten: false };
    if (waiting.asOf === null) {
      this.lacksMoments = true;
    } else {
      this.lastAsOf = waiting.asOf = Math.max(waiting.asOf, this.lastAsOf);
    }
    const group = this.byGroup.get(waiting.groupID);
    if (group) {
      group.push(waiting);
    } else {
      this.byGroup.set(waiting.groupID, [waiting]);
    }
    this.count += 1;
    return waiting;
  }

  /** Takes an entry out. */
  remove(entry: WaitingEntry): void {
    const group = this.byGroup.get(entry.groupID)!;
    group.splice(group.indexOf(entry), 1);
    this.count -= 1;
    if (group.length === 0) {
      this.byGroup.delete(entry.groupID);
    }
  }

  /** What waits in a group, or comes from now on, is true as of this moment at the earliest. */
  raise(groupID: string, asOf: number): void {
    this.lastAsOf = Math.max(this.lastAsOf, asOf);
    for (const entry of this.byGroup.get(groupID) ?? []) {
      entry.asOf = Math.max(entry.asOf ?? 0, asOf);
    }
  }

  /** The first entries of a group, up to one that is not on disk yet. */
  first(groupID: string, limit: number, maxBytes: number): WaitingEntry[] {
    const entries: WaitingEntry[] = [];
    let bytes = 0;
    for (const entry of this.byGroup.get(groupID) ?? []) {
      bytes += entry.place?.length ?? Infinity;
      if (entries.length === limit || !entry.place || (entries.length > 0 && bytes > maxBytes)) {
        break;
      }
      entries.push(entry);
    }
    return entries;
  }

  /** All entries, in the order in which they came. */
  all(): WaitingEntry[] {
    return [...this.byGroup.values()].flat().toSorted((one, other) => one.sequence - other.sequence);
  }

  /**
   * Gives each entry that came before PostgreSQL was reached its moment by PostgreSQL's clock: as long ago as this machine's monotonic
   * clock says; and in the order of the lines where clocks say another one.
   * @param now by PostgreSQL's clock, ms since 1970
   */
  setMoments(now: number): void {
    if (!this.lacksMoments) {
      return;
    }
    let last = 0;
    for (const entry of this.all()) {
      const { boot, receivedAt } = entry;
      const elapsed = boot === BOOT ? uptime() - entry.uptime : Date.now() - receivedAt;
      entry.asOf = last = Math.max(last, entry.asOf ?? now - elapsed);
    }
    this.lastAsOf = Math.max(this.lastAsOf, last);
    this.lacksMoments = false;
  }
}

import { BOOT_ID, uptime } from './boot.js';
import type { JournalEntry } from './journal-entry.js';
import type { Place } from './journal-segment.js';

/** An entry that waits, in memory: without its body. */
export interface WaitingEntry extends Omit<JournalEntry, 'body' | 'asOf'> {
  asOf: number | null;
  /** Its place on disk; undefined while it is being written. */
  place?: Place;
  /** Whether PostgreSQL may have written it already, in an attempt of this process or an earlier one. */
  mayBeWritten: boolean;
}

/** The entries that wait, by group, in the order of their arrival. */
export class JournaledGroups {
  private readonly byGroup = new Map<string, WaitingEntry[]>();
  private count = 0;
  /** The latest `asOf`. No later entry gets an earlier one, whatever the clocks show. */
  private lastAsOf = 0;
  private lacksAsOf = false;

  /** Number of entries. */
  get entries(): number {
    return this.count;
  }

  /** Number of groups with entries. */
  get size(): number {
    return this.byGroup.size;
  }

  /** The groups with entries. */
  get ids(): string[] {
    return [...this.byGroup.keys()];
  }

  /** Whether entries of this group wait. Its later callbacks must wait behind them. */
  has(groupID: string): boolean {
    return this.byGroup.has(groupID);
  }

  /** When the oldest entry was received, in ms since 1970; undefined where no entry waits. */
  get oldestReceivedAt(): number | undefined {
    let oldest: number | undefined;
    for (const [first] of this.byGroup.values()) {
      oldest = Math.min(oldest ?? Infinity, first!.receivedAt);
    }
    return oldest;
  }

  /** Appends an entry. */
  add(entry: Omit<JournalEntry, 'body'>): WaitingEntry {
    const waiting: WaitingEntry = { ...entry, mayBeWritten: false };
    if (waiting.asOf === null) {
      this.lacksAsOf = true;
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

  /** Removes an entry. */
  remove(entry: WaitingEntry): void {
    const group = this.byGroup.get(entry.groupID)!;
    group.splice(group.indexOf(entry), 1);
    this.count -= 1;
    if (group.length === 0) {
      this.byGroup.delete(entry.groupID);
    }
  }

  /** Raises `asOf` of the entries of a group, and of all later entries, to at least this time. */
  raise(groupID: string, asOf: number): void {
    this.lastAsOf = Math.max(this.lastAsOf, asOf);
    for (const entry of this.byGroup.get(groupID) ?? []) {
      entry.asOf = Math.max(entry.asOf ?? 0, asOf);
    }
  }

  /** Returns the first entries of a group: at most `limit`, and at most `maxBytes` or a single entry, all of them on disk. */
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

  /** Returns all entries, in the order of their arrival. */
  all(): WaitingEntry[] {
    return [...this.byGroup.values()].flat().toSorted((one, other) => one.sequence - other.sequence);
  }

  /**
   * Sets `asOf`, by PostgreSQL's clock, of the entries that arrived before PostgreSQL was reached. The monotonic clock of this machine measures
   * how long ago that was; `asOf` of an entry is never earlier than that of the entry before.
   * @param now the time by PostgreSQL's clock, in ms since 1970
   */
  setMissingAsOf(now: number): void {
    if (!this.lacksAsOf) {
      return;
    }
    let last = 0;
    for (const entry of this.all()) {
      const { boot, receivedAt } = entry;
      const elapsed = boot === BOOT_ID ? uptime() - entry.uptime : Date.now() - receivedAt;
      entry.asOf = last = Math.max(last, entry.asOf ?? now - elapsed);
    }
    this.lastAsOf = Math.max(this.lastAsOf, last);
    this.lacksAsOf = false;
  }
}

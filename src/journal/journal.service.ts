import { mkdir, readdir } from 'node:fs/promises';
import type { Server } from 'node:net';
import { join } from 'node:path';
import { Injectable, Logger, type OnApplicationShutdown } from '@nestjs/common';
import { Config } from '../config/config.js';
import { encodeEntry, type JournalEntry } from './journal-entry.js';
import { lockFolder } from './journal-lock.js';
import { JournalSegment, type Place } from './journal-segment.js';
import { Quarantine, QUARANTINE_REASONS, type QuarantineReason } from './quarantine.js';
import { recoverSegments } from './recover-segments.js';
import { JournaledGroups, type WaitingEntry } from './journaled-groups.js';

/** The journal holds as much as it may. */
export class JournalFullError extends Error {}

/** A segment takes this part of JOURNAL_LIMIT, and this much at most, in bytes: its room comes back when all in it is applied. */
const SEGMENT_PART = 16;
const SEGMENT_BYTES = 16 * 1024 * 1024;
/** This part of JOURNAL_LIMIT is kept for the time when PostgreSQL is away: groups that are locked do not take it. */
const RESERVED_PART = 0.5;
/** How long it counts that an entry could not be taken, in ms. */
const FAILURE_MS = 10_000;

/**
 * Callbacks that wait for PostgreSQL, on disk in `DATA_DIR/journal`, in the order in which they came. What it is told to take is there
 * after a crash of the process or the machine; it is taken out when it was applied.
 */
@Injectable()
export class JournalService implements OnApplicationShutdown {
  private readonly logger = new Logger('Journal');
  private readonly folder: string;
  private readonly quarantine: Quarantine;
  private lock?: Server;
  private segments: JournalSegment[] = [];
  private opening?: Promise<void>;
  private opened = false;
  private sequence = 0;
  /** The number of the last file. */
  private files = 0;
  private failedAt = -Infinity;
  /** What waits, by group. */
  readonly groups = new JournaledGroups();
  /** How many entries were put into quarantine since the process began. */
  readonly quarantined = new Map<QuarantineReason, number>(QUARANTINE_REASONS.map((reason) => [reason, 0]));

  constructor(private readonly config: Config) {
    this.folder = join(config.DATA_DIR, 'journal');
    this.quarantine = new Quarantine(join(this.folder, 'quarantine'));
  }

  /** Opens the journal. Where that cannot be, the service runs without, and says so. */
  async open(): Promise<void> {
    if (this.config.JOURNAL === 'off') {
      this.logger.warn('JOURNAL is off: what OpenIM sends while PostgreSQL is away is refused');
      return;
    }
    try {
      await mkdir(this.folder, { recursive: true, mode: 0o700 });
      this.lock = await lockFolder(this.folder);
      await this.recover();
      this.opened = true;
    } catch (error) {
      this.lock?.close();
      this.logger.warn(
        `There is no journal: what OpenIM sends while PostgreSQL is away is refused. DATA_DIR must be a folder that this user can write, for this process alone: ${(error as Error).message}`,
      );
      return;
    }
    if (this.waiting > 0) {
      this.logger.warn(`${this.waiting} callbacks wait in the journal since the process ended`);
    }
  }

  async onApplicationShutdown(): Promise<void> {
    this.opened = false;
    await Promise.all(this.segments.map((segment) => segment.close()));
    this.lock?.close();
  }

  /** Whether it is in use: callbacks may wait in it, and more may come. */
  get isOpen(): boolean {
    return this.opened;
  }

  /** Whether it takes callbacks: it is open, and did not refuse one just now. */
  get takes(): boolean {
    return this.isOpen && performance.now() - this.failedAt > FAILURE_MS;
  }

  /** How many callbacks wait. */
  get waiting(): number {
    return this.groups.entries;
  }

  /** The bytes that they take on disk; those applied are among them until the file that they are in is. */
  get bytes(): number {
    return this.segments.reduce((sum, segment) => sum + segment.bytes, 0);
  }

  /** Since when the first of them waits, ms since 1970. */
  get oldestReceivedAt(): number | undefined {
    return this.groups.oldestReceivedAt;
  }

  /**
   * Takes a callback, if it is open; resolves when it is on disk.
   * @param isOfOneGroup PostgreSQL takes the writes of others: then the journal is not filled to its end
   * @throws JournalFullError at JOURNAL_LIMIT; the error of the file system
   */
  async append(entry: Omit<JournalEntry, 'sequence'>, isOfOneGroup: boolean): Promise<WaitingEntry> {
    this.sequence += 1;
    const { body: _body, ...rest } = entry;
    const waiting = this.groups.add({ ...rest, sequence: this.sequence });
    try {
      const line = encodeEntry({ ...entry, asOf: waiting.asOf, sequence: waiting.sequence });
      this.requireRoom(line.length, isOfOneGroup);
      waiting.place = await this.write(line);
      this.failedAt = -Infinity;
    } catch (error) {
      this.groups.remove(waiting);
      if (!isOfOneGroup || !(error instanceof JournalFullError)) {
        this.failedAt = performance.now();
      }
      throw error;
    }
    return waiting;
  }

  /** Reads an entry. @throws DamagedEntryError; the error of the file system */
  read({ place }: WaitingEntry): Promise<JournalEntry> {
    return place!.segment.read(place!);
  }

  /** Takes out what was applied. */
  async remove(entries: readonly WaitingEntry[]): Promise<void> {
    entries.forEach((entry) => this.groups.remove(entry));
    await Promise.all(
      entries.map(({ place }) =>
        place!.segment.markDone(place!).catch((error: Error) => {
          this.logger.warn(`An applied entry could not be marked; it is applied once more: ${error.message}`);
        }),
      ),
    );
    await this.freeRoom();
  }

  /** Takes out an entry that cannot be applied, and keeps its bytes. @throws the error of the file system */
  async putAside(entry: WaitingEntry, reason: QuarantineReason, why: string): Promise<void> {
    const { segment, offset, length } = entry.place!;
    await this.keepAside(
      await segment.readBytes(offset, length),
      reason,
      `${segment.path} at ${offset}: ${why}`,
    );
    await this.remove([entry]);
  }

  private requireRoom(length: number, isOfOneGroup: boolean): void {
    const limit = this.config.JOURNAL_LIMIT * (isOfOneGroup ? 1 - RESERVED_PART : 1);
    if (this.bytes + length > limit) {
      throw new JournalFullError(
        `The journal holds ${isOfOneGroup ? 'half of ' : ''}JOURNAL_LIMIT, ${this.config.JOURNAL_LIMIT} bytes, already`,
      );
    }
  }

  /** Appends to the last segment, or to a new one where that is full or could not be written. */
  private async write(line: Buffer): Promise<Place> {
    const limit = Math.min(this.config.JOURNAL_LIMIT / SEGMENT_PART, SEGMENT_BYTES);
    for (;;) {
      const last = this.segments.at(-1);
      if (last?.isOpen && (last.bytes === 0 || last.bytes + line.length <= limit)) {
        return last.append(line);
      }
      this.opening ??= JournalSegment.open(this.nextPath())
        .then((segment) => void this.segments.push(segment))
        .finally(() => (this.opening = undefined));
      await this.opening;
    }
  }

  private nextPath(): string {
    this.files += 1;
    return join(this.folder, `callbacks-${String(this.files).padStart(10, '0')}.journal`);
  }

  private async freeRoom(): Promise<void> {
    const last = this.segments.at(-1);
    const done = this.segments.filter((segment) => segment.isDone && segment !== last);
    this.segments = this.segments.filter((segment) => !done.includes(segment));
    try {
      await Promise.all(done.map((segment) => segment.remove()));
      if (last?.isDone && last.bytes > 0) {
        await last.clear();
      }
      if (done.length > 0 || this.waiting === 0) {
        this.failedAt = -Infinity;
      }
    } catch (error) {
      this.logger.warn(
        `A file of the journal that was applied cannot be removed: ${(error as Error).message}`,
      );
    }
  }

  private async recover(): Promise<void> {
    const names = (await readdir(this.folder)).filter((name) => name.endsWith('.journal')).toSorted();
    const segments = await Promise.all(names.map((name) => JournalSegment.open(join(this.folder, name))));
    const recovered = await recoverSegments(segments, (bytes, reason, origin) =>
      this.keepAside(bytes, reason, origin).then(
        () => true,
        (error: Error) => {
          this.logger.error(`${reason} bytes of the journal stay in ${origin}: ${error.message}`);
          return false;
        },
      ),
    );
    this.files = Math.max(0, ...names.map((name) => Number.parseInt(name.replace(/\D+/, ''), 10) || 0));
    for (const { entry, place } of recovered.entries) {
      this.sequence = Math.max(this.sequence, entry.sequence);
      const waiting = this.groups.add(entry);
      waiting.place = place;
      waiting.mayBeWritten = true;
    }
    segments.forEach((segment) => segment.seal());
    this.segments = segments;
    if (recovered.obsolete.size > 0) {
      await this.rewrite(recovered.obsolete).catch((error: Error) =>
        this.logger.warn(`A file of the journal cannot be written anew: ${error.message}`),
      );
    }
    await this.freeRoom();
  }

  /** Writes what waits in some segments to a new one and removes them, so that their damage is not found again. */
  private async rewrite(obsolete: ReadonlySet<JournalSegment>): Promise<void> {
    const target = await JournalSegment.open(this.nextPath());
    this.segments.push(target);
    for (const waiting of this.groups.all().filter(({ place }) => obsolete.has(place!.segment))) {
      waiting.place = await target.append(encodeEntry(await this.read(waiting)));
    }
    this.segments = this.segments.filter((segment) => !obsolete.has(segment));
    await Promise.all([...obsolete].map((segment) => segment.remove()));
  }

  private async keepAside(bytes: Buffer, reason: QuarantineReason, origin: string): Promise<void> {
    await this.quarantine.keep(bytes, reason, origin);
    this.quarantined.set(reason, this.quarantined.get(reason)! + 1);
    const message = `An entry of the journal is ${reason} and was not applied; ${this.quarantine.path} keeps its ${bytes.length} bytes: ${origin}`;
    this.logger[reason === 'torn' ? 'warn' : 'error'](message);
  }
}

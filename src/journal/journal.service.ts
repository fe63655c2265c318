import { mkdir } from 'node:fs/promises';
import type { Server } from 'node:net';
import { join } from 'node:path';
import { Injectable, Logger, type OnApplicationShutdown } from '@nestjs/common';
import { Config } from '../config/config.js';
import { encodeEntry, type JournalEntry } from './journal-entry.js';
import { lockFolder } from './journal-lock.js';
import { JournaledGroups, type WaitingEntry } from './journaled-groups.js';
import { Quarantine, QUARANTINE_REASONS, type QuarantineReason } from './quarantine.js';
import { recoverEntries } from './recover-entries.js';
import { SegmentStore } from './segment-store.js';

/** Error of a journal that has reached its limit. */
export class JournalFullError extends Error {}

/** Part of JOURNAL_LIMIT that is reserved for an outage of PostgreSQL: callbacks of single groups whose rows are locked do not fill it. */
const RESERVED_PART = 0.5;
/** Time for which the journal counts as closed after a failed append, in ms. */
const FAILURE_MS = 10_000;

/**
 * The journal of callbacks that wait for PostgreSQL, on disk in `DATA_DIR/journal`, in the order of their arrival. From when `append` resolves
 * until it is removed, an entry survives a crash of the process and of the machine.
 */
@Injectable()
export class JournalService implements OnApplicationShutdown {
  private readonly logger = new Logger('Journal');
  private readonly folder: string;
  private readonly segments: SegmentStore;
  private readonly quarantineFile: Quarantine;
  private lock?: Server;
  /** Whether the journal is in use. */
  isOpen = false;
  private sequence = 0;
  private failedAt = -Infinity;
  /** The waiting entries, by group. */
  readonly groups = new JournaledGroups();
  /** Number of entries that this process quarantined, by reason. */
  readonly quarantined = new Map<QuarantineReason, number>(QUARANTINE_REASONS.map((reason) => [reason, 0]));

  constructor(private readonly config: Config) {
    this.folder = join(config.DATA_DIR, 'journal');
    this.segments = new SegmentStore(this.folder, config.JOURNAL_LIMIT);
    this.quarantineFile = new Quarantine(join(this.folder, 'quarantine'));
  }

  /** Opens the journal. If that fails, the service runs without a journal, and the log says why. */
  async open(): Promise<void> {
    if (this.config.JOURNAL === 'off') {
      this.logger.warn('JOURNAL is off: callbacks are lost while PostgreSQL is away');
      return;
    }
    try {
      await mkdir(this.folder, { recursive: true, mode: 0o700 });
      this.lock = await lockFolder(this.folder);
      await this.recover();
      this.isOpen = true;
    } catch (error) {
      this.lock?.close();
      this.logger.warn(
        { reason: (error as Error).message, folder: this.folder },
        'The journal cannot be opened: callbacks are lost while PostgreSQL is away. DATA_DIR must be a folder that this user can write, for this process alone',
      );
      return;
    }
    if (this.waiting > 0) {
      this.logger.warn({ entries: this.waiting }, 'Callbacks of an earlier process wait in the journal');
    }
  }

  async onApplicationShutdown(): Promise<void> {
    this.isOpen = false;
    await this.segments.close();
    this.lock?.close();
  }

  /** Whether the journal accepts callbacks: it is open, and no append has failed within 10 s. */
  get isAccepting(): boolean {
    return this.isOpen && performance.now() - this.failedAt > FAILURE_MS;
  }

  /** Number of entries that wait. */
  get waiting(): number {
    return this.groups.entries;
  }

  /** Size on disk, in bytes. */
  get bytes(): number {
    return this.segments.bytes;
  }

  /**
   * Appends a callback to an open journal; resolves when it is on disk.
   * @param isOfOneGroup whether only this group waits, while PostgreSQL writes others: then the reserved part stays free
   * @throws JournalFullError at JOURNAL_LIMIT; the error of the file system
   */
  async append(entry: Omit<JournalEntry, 'sequence'>, isOfOneGroup: boolean): Promise<WaitingEntry> {
    this.sequence += 1;
    const { body: _body, ...rest } = entry;
    const waiting = this.groups.add({ ...rest, sequence: this.sequence });
    try {
      const line = encodeEntry({ ...entry, asOf: waiting.asOf, sequence: waiting.sequence });
      this.requireRoom(line.length, isOfOneGroup);
      waiting.place = await this.segments.append(line);
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

  /** Removes entries that were applied. */
  async remove(entries: readonly WaitingEntry[]): Promise<void> {
    entries.forEach((entry) => this.groups.remove(entry));
    await Promise.all(
      entries.map(({ place }) =>
        place!.segment.markDone(place!).catch((error: Error) => {
          this.logger.warn({ err: error }, 'An applied entry cannot be marked and will be applied again');
        }),
      ),
    );
    await this.freeRoom();
  }

  /** Removes an entry that cannot be applied, and keeps its bytes in quarantine. @throws the error of the file system */
  async quarantine(entry: WaitingEntry, reason: QuarantineReason, cause: string): Promise<void> {
    const { segment, offset, length } = entry.place!;
    const bytes = await segment.readBytes(offset, length);
    await this.keep(bytes, reason, `${segment.path} at ${offset}: ${cause}`);
    await this.remove([entry]);
  }

  private requireRoom(length: number, isOfOneGroup: boolean): void {
    const limit = this.config.JOURNAL_LIMIT * (isOfOneGroup ? 1 - RESERVED_PART : 1);
    if (this.bytes + length > limit) {
      throw new JournalFullError(
        `The journal has reached ${isOfOneGroup ? 'half of ' : ''}JOURNAL_LIMIT, ${this.config.JOURNAL_LIMIT} bytes`,
      );
    }
  }

  private async freeRoom(): Promise<void> {
    try {
      if ((await this.segments.freeRoom()) || this.waiting === 0) {
        this.failedAt = -Infinity;
      }
    } catch (error) {
      this.logger.warn({ err: error }, 'An applied file of the journal cannot be removed');
    }
  }

  private async recover(): Promise<void> {
    const segments = await this.segments.open();
    const recovered = await recoverEntries(segments, (bytes, reason, origin) =>
      this.keep(bytes, reason, origin).then(
        () => true,
        (error: Error) => {
          this.logger.error({ err: error, reason, origin }, 'Bytes of the journal cannot be quarantined');
          return false;
        },
      ),
    );
    for (const { entry, place } of recovered.entries) {
      this.sequence = Math.max(this.sequence, entry.sequence);
      const waiting = this.groups.add(entry);
      waiting.place = place;
      waiting.mayBeWritten = true;
    }
    if (recovered.obsolete.size > 0) {
      await this.segments
        .replace(recovered.obsolete, async (target) => {
          for (const waiting of this.groups
            .all()
            .filter(({ place }) => recovered.obsolete.has(place!.segment))) {
            waiting.place = await target.append(encodeEntry(await this.read(waiting)));
          }
        })
        .catch((error: Error) =>
          this.logger.warn({ err: error }, 'A file of the journal cannot be rewritten'),
        );
    }
    await this.freeRoom();
  }

  private async keep(bytes: Buffer, reason: QuarantineReason, origin: string): Promise<void> {
    await this.quarantineFile.keep(bytes, reason, origin);
    this.quarantined.set(reason, this.quarantined.get(reason)! + 1);
    const fields = { reason, origin, bytes: bytes.length, quarantine: this.quarantineFile.path };
    this.logger[reason === 'torn' ? 'warn' : 'error'](fields, 'An entry of the journal was not applied');
  }
}

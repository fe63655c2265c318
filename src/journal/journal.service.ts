import { EventEmitter, once } from 'node:events';
import { mkdir } from 'node:fs/promises';
import type { Server } from 'node:net';
import { join } from 'node:path';
import { Injectable, Logger, type OnApplicationShutdown } from '@nestjs/common';
import { Config } from '../config.js';
import { type JournalEntry, JournalFile, type Located } from './journal-file.js';
import { lockFolder } from './journal-lock.js';

/**
 * Callbacks that wait for PostgreSQL, on disk in `DATA_DIR/journal`, first in first out. What it is told to take is there after a crash
 * of the process or the machine; it is taken out when it was applied.
 */
@Injectable()
export class JournalService implements OnApplicationShutdown {
  private readonly logger = new Logger('Journal');
  private file?: JournalFile;
  private lock?: Server;
  private entries: Located[] = [];
  private applied = 0;
  private appending = 0;
  private failing = false;
  private readonly groups = new Map<string, number>();
  private readonly added = new EventEmitter();

  constructor(private readonly config: Config) {}

  /** Opens the journal. Where that cannot be, the service runs without, and says so. */
  async open(): Promise<void> {
    if (this.config.JOURNAL === 'off') {
      this.logger.warn('JOURNAL is off: what OpenIM sends while PostgreSQL is away is refused');
      return;
    }
    const folder = join(this.config.DATA_DIR, 'journal');
    try {
      await mkdir(folder, { recursive: true, mode: 0o700 });
      this.lock = await lockFolder(folder);
      const { file, entries } = await JournalFile.open(
        join(folder, 'callbacks.jsonl'),
        this.config.JOURNAL_LIMIT,
        (message) => this.logger.error(message),
      );
      this.file = file;
      this.entries = entries;
      entries.forEach(({ groupID }) => this.count(groupID, 1));
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
    await this.file?.close();
    this.file = undefined;
    this.lock?.close();
  }

  /** Whether it is in use: callbacks may wait in it, and more may come. */
  get isOpen(): boolean {
    return this.file !== undefined;
  }

  /** Whether it takes callbacks: it is open, and took the last one. */
  get takes(): boolean {
    return this.isOpen && !this.failing;
  }

  /** How many callbacks wait. */
  get waiting(): number {
    return this.entries.length - this.applied;
  }

  /** The bytes that they take on disk; those applied since the journal was last empty are among them. */
  get bytes(): number {
    return this.file?.bytes ?? 0;
  }

  /** Since when the first of them waits, ms since 1970. */
  get oldestReceivedAt(): number | undefined {
    return this.entries[this.applied]?.receivedAt;
  }

  /** Whether callbacks of this group wait: later ones must too. */
  waitsFor(groupID: string): boolean {
    return this.groups.has(groupID);
  }

  /**
   * Takes a callback, if it is open; resolves when it is on disk.
   * @throws JournalFullError at JOURNAL_LIMIT; the error of the file system
   */
  async append(entry: JournalEntry): Promise<void> {
    this.count(entry.groupID, 1);
    this.appending += 1;
    try {
      this.entries.push(await this.file!.append(entry));
      this.failing = false;
    } catch (error) {
      this.count(entry.groupID, -1);
      this.failing = true;
      throw error;
    } finally {
      this.appending -= 1;
    }
    this.added.emit('entry');
  }

  /**
   * The first callback that waits, when there is one.
   * @throws AbortError when the signal says no more
   */
  async first(signal: AbortSignal): Promise<JournalEntry> {
    while (this.waiting === 0) {
      await once(this.added, 'entry', { signal });
    }
    signal.throwIfAborted();
    return this.file!.read(this.entries[this.applied]!);
  }

  /** The first callback that waits was applied. */
  async removeFirst(): Promise<void> {
    this.count(this.entries[this.applied]!.groupID, -1);
    this.applied += 1;
    if (this.waiting === 0 && this.appending === 0) {
      this.entries = [];
      this.applied = 0;
      await this.file!.clear();
      this.failing = false;
    }
  }

  private count(groupID: string, by: 1 | -1): void {
    const waiting = (this.groups.get(groupID) ?? 0) + by;
    if (waiting > 0) {
      this.groups.set(groupID, waiting);
    } else {
      this.groups.delete(groupID);
    }
  }
}

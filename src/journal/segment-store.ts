import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { JournalSegment, type Place } from './journal-segment.js';

/**
 * Maximum size of a segment: a sixteenth of JOURNAL_LIMIT, and at most this number of bytes. The room of a segment is free again when all its
 * entries are done.
 */
const SEGMENT_PART = 16;
const SEGMENT_MAX_BYTES = 16 * 1024 * 1024;

/** The files of the journal, in order; entries are appended to the last one. */
export class SegmentStore {
  private segments: JournalSegment[] = [];
  private opening?: Promise<void>;
  /** Number in the name of the last file. */
  private lastNumber = 0;
  private readonly segmentBytes: number;

  /** @param limit JOURNAL_LIMIT, in bytes */
  constructor(
    private readonly folder: string,
    limit: number,
  ) {
    this.segmentBytes = Math.min(limit / SEGMENT_PART, SEGMENT_MAX_BYTES);
  }

  /** Size on disk, in bytes. An entry that is done counts until all entries of its segment are done. */
  get bytes(): number {
    return this.segments.reduce((sum, segment) => sum + segment.bytes, 0);
  }

  /** Opens the existing files. Entries are appended to new files only: the last line of an existing one may be torn. */
  async open(): Promise<readonly JournalSegment[]> {
    const names = (await readdir(this.folder)).filter((name) => name.endsWith('.journal')).toSorted();
    this.segments = await Promise.all(names.map((name) => JournalSegment.open(join(this.folder, name))));
    this.lastNumber = Math.max(0, ...names.map((name) => Number.parseInt(name.replace(/\D+/, ''), 10) || 0));
    this.segments.forEach((segment) => segment.seal());
    return this.segments;
  }

  async close(): Promise<void> {
    await Promise.all(this.segments.map((segment) => segment.close()));
  }

  /**
   * Appends a line to the last segment, or to a new one if the last one is full or failed; resolves when the line is on disk.
   * @throws the error of the file system
   */
  async append(line: Buffer): Promise<Place> {
    for (;;) {
      const last = this.segments.at(-1);
      if (last?.isOpen && (last.bytes === 0 || last.bytes + line.length <= this.segmentBytes)) {
        return last.append(line);
      }
      this.opening ??= this.create()
        .then((segment) => void this.segments.push(segment))
        .finally(() => (this.opening = undefined));
      await this.opening;
    }
  }

  /**
   * Removes the segments whose entries are all done, and empties the last one.
   * @returns whether a segment was removed
   * @throws the error of the file system
   */
  async freeRoom(): Promise<boolean> {
    const last = this.segments.at(-1);
    const done = this.segments.filter((segment) => segment.isDone && segment !== last);
    this.segments = this.segments.filter((segment) => !done.includes(segment));
    await Promise.all(done.map((segment) => segment.remove()));
    if (last?.isDone && last.bytes > 0) {
      await last.clear();
    }
    return done.length > 0;
  }

  /**
   * Copies the waiting entries of some segments to a new segment, and removes the old ones.
   * @param copy appends their entries to the new segment
   * @throws the error of the file system
   */
  async replace(
    obsolete: ReadonlySet<JournalSegment>,
    copy: (target: JournalSegment) => Promise<void>,
  ): Promise<void> {
    const target = await this.create();
    this.segments.push(target);
    await copy(target);
    this.segments = this.segments.filter((segment) => !obsolete.has(segment));
    await Promise.all([...obsolete].map((segment) => segment.remove()));
  }

  private create(): Promise<JournalSegment> {
    this.lastNumber += 1;
    const name = `callbacks-${String(this.lastNumber).padStart(10, '0')}.journal`;
    return JournalSegment.open(join(this.folder, name));
  }
}

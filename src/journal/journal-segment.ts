import { constants } from 'node:fs';
import { type FileHandle, open, unlink } from 'node:fs/promises';
import { dirname } from 'node:path';
import { decodeAll, decodePiece, DONE, type JournalEntry, type Piece } from './journal-entry.js';

/** The place of an entry on disk. */
export interface Place {
  readonly segment: JournalSegment;
  readonly offset: number;
  /** Length in bytes, with the line feed. */
  readonly length: number;
}

/** Error of an entry whose bytes on disk were damaged. */
export class DamagedEntryError extends Error {}

interface Append {
  readonly line: Buffer;
  readonly done: (offset: number) => void;
  readonly failed: (error: Error) => void;
}

/**
 * One file of the journal. An entry is on disk when `append` resolves. A crash may leave a torn entry at the end; the next start finds it.
 */
export class JournalSegment {
  /** Number of entries that are not done. */
  live = 0;
  private readonly queue: Append[] = [];
  /** The last operation on the file. Operations run one after another. */
  private last: Promise<unknown> = Promise.resolve();
  /** Bytes of lines that are queued and not written yet. */
  private queuedBytes = 0;
  private sealed = false;

  private constructor(
    readonly path: string,
    private readonly handle: FileHandle,
    /** Size of the file in bytes. */
    private size: number,
  ) {}

  /**
   * Opens a file, and creates it if it does not exist.
   * @param openFile that of node:fs, unless a test passes another
   */
  static async open(path: string, openFile: typeof open = open): Promise<JournalSegment> {
    const handle = await openFile(path, constants.O_RDWR | constants.O_CREAT, 0o600);
    const { size } = await handle.stat();
    if (size === 0) {
      await syncFolder(dirname(path));
    }
    return new JournalSegment(path, handle, size);
  }

  /** Size in bytes, with the queued lines. */
  get bytes(): number {
    return this.size + this.queuedBytes;
  }

  /** Whether entries can be appended. */
  get isOpen(): boolean {
    return !this.sealed;
  }

  /** Closes the file for appends: the last line may be torn, or its state is unknown (fsync(2), EIO). */
  seal(): void {
    this.sealed = true;
  }

  /** Whether all entries are done, and none is queued. */
  get isDone(): boolean {
    return this.live === 0 && this.queuedBytes === 0;
  }

  /** Reads all pieces of the file, in order, with their bytes. */
  async scan(): Promise<{ piece: Piece; offset: number; bytes: Buffer }[]> {
    const bytes = await this.readBytes(0, this.size);
    return decodeAll(bytes).map(({ piece, offset }) => ({
      piece,
      offset,
      bytes: bytes.subarray(offset, offset + piece.length),
    }));
  }

  /**
   * Appends a line; resolves when it is on disk. Lines that are queued during a write go to disk together.
   * @throws the error of the file system; the file then contains no part of the line
   */
  async append(line: Buffer): Promise<Place> {
    this.queuedBytes += line.length;
    const offset = await new Promise<number>((done, failed) => {
      this.queue.push({ line, done, failed });
      this.last = this.last.then(() => this.writeQueue());
    });
    return { segment: this, offset, length: line.length };
  }

  /** Reads an entry. @throws DamagedEntryError; the error of the file system */
  async read({ offset, length }: Place): Promise<JournalEntry> {
    const piece = decodePiece(await this.readBytes(offset, length), 0);
    if (piece.kind !== 'entry') {
      throw new DamagedEntryError(`The entry at ${offset} of ${this.path} is ${piece.kind}`);
    }
    return piece.entry;
  }

  /** Reads the bytes of an entry. */
  readBytes(offset: number, length: number): Promise<Buffer> {
    return readFully(this.handle, offset, length);
  }

  /**
   * Marks an entry as done, in place. The mark survives a crash of the process. After a crash of the machine the entry may be applied again; its
   * id makes that harmless.
   */
  async markDone({ offset }: Place): Promise<void> {
    this.live -= 1;
    await this.handle.write(Buffer.of(DONE), 0, 1, offset);
  }

  /** Empties the file if all entries are done when the earlier operations have ended. */
  async clear(): Promise<void> {
    const cleared = this.last.then(() => this.truncate());
    this.last = cleared.catch(() => undefined);
    await cleared;
  }

  /** Waits for the operations in progress, and closes the file. */
  async close(): Promise<void> {
    await this.last;
    await this.handle.close();
  }

  /** Closes the file and removes it. */
  async remove(): Promise<void> {
    await this.close();
    await unlink(this.path);
  }

  private async truncate(): Promise<void> {
    if (this.isDone) {
      await this.handle.truncate(0);
      this.size = 0;
      await this.handle.datasync();
    }
  }

  /** Writes the lines that were queued during the last write. */
  private async writeQueue(): Promise<void> {
    const batch = this.queue.splice(0);
    const lines = Buffer.concat(batch.map(({ line }) => line));
    if (lines.length === 0) {
      return;
    }
    try {
      for (let written = 0; written < lines.length;) {
        const at = this.size + written;
        written += (await this.handle.write(lines, written, lines.length - written, at)).bytesWritten;
      }
      await this.handle.datasync();
      for (const { line, done } of batch) {
        this.live += 1;
        done(this.size);
        this.size += line.length;
      }
    } catch (error) {
      this.seal();
      await this.handle.truncate(this.size).catch(() => undefined); // the next start finds the torn line
      batch.forEach(({ failed }) => failed(error as Error));
    } finally {
      this.queuedBytes -= lines.length;
    }
  }
}

async function readFully(handle: FileHandle, offset: number, length: number): Promise<Buffer> {
  const bytes = Buffer.allocUnsafe(length);
  let read = 0;
  while (read < length) {
    const { bytesRead } = await handle.read(bytes, read, length - read, offset + read);
    if (bytesRead === 0) {
      break;
    }
    read += bytesRead;
  }
  return bytes.subarray(0, read);
}

/** A new file survives a crash once its folder is synced (fsync(2)). Windows has no such operation. */
async function syncFolder(path: string): Promise<void> {
  if (process.platform !== 'win32') {
    const folder = await open(path);
    await folder.sync();
    await folder.close();
  }
}

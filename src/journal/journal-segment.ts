import { constants } from 'node:fs';
import { type FileHandle, open, unlink } from 'node:fs/promises';
import { dirname } from 'node:path';
import { decodeAll, decodePiece, DONE, type JournalEntry, type Piece } from './journal-entry.js';

/** Where an entry is. */
export interface Place {
  readonly segment: JournalSegment;
  readonly offset: number;
  /** Bytes, with the end of the line. */
  readonly length: number;
}

/** An entry that cannot be read any more, though it could be when it was written or the process began. */
export class DamagedEntryError extends Error {}

interface Append {
  readonly line: Buffer;
  readonly done: (offset: number) => void;
  readonly failed: (error: Error) => void;
}

/**
 * One file of the journal. An entry is there when `append` resolves, whatever happens afterwards; what a crash left of one that was not
 * finished is found at the next start.
 */
export class JournalSegment {
  /** Entries in it that are not done. */
  live = 0;
  private readonly queue: Append[] = [];
  /** What is done to the file, one after another. */
  private last: Promise<unknown> = Promise.resolve();
  /** Bytes that are asked for and not written yet. */
  private asked = 0;
  private sealed = false;

  private constructor(
    readonly path: string,
    private readonly handle: FileHandle,
    /** Bytes that are written. */
    private size: number,
  ) {}

  /**
   * Opens a file, or makes it.
   * @param openFile node:fs's, unless a test's
   */
  static async open(path: string, openFile: typeof open = open): Promise<JournalSegment> {
    const handle = await openFile(path, constants.O_RDWR | constants.O_CREAT, 0o600);
    const { size } = await handle.stat();
    if (size === 0) {
      await syncFolder(dirname(path));
    }
    return new JournalSegment(path, handle, size);
  }

  /** The bytes that it takes, with those on their way. */
  get bytes(): number {
    return this.size + this.asked;
  }

  /** Whether it takes entries. */
  get isOpen(): boolean {
    return !this.sealed;
  }

  /** No entry is appended any more: the last line may be torn, or what the system did with it is not known (fsync(2), EIO). */
  seal(): void {
    this.sealed = true;
  }

  /** Whether it has only entries that are done, and none is on its way. */
  get isDone(): boolean {
    return this.live === 0 && this.asked === 0;
  }

  /** Everything that is in it, in order, with the bytes of what is damaged or torn. */
  async scan(): Promise<{ piece: Piece; offset: number; bytes: Buffer }[]> {
    const bytes = await this.readBytes(0, this.size);
    return decodeAll(bytes).map(({ piece, offset }) => ({
      piece,
      offset,
      bytes: bytes.subarray(offset, offset + piece.length),
    }));
  }

  /**
   * Appends a line; resolves when it is on disk. Those that come while others are written go to disk together.
   * @throws the error of the file system, with nothing of the line left in the file
   */
  async append(line: Buffer): Promise<Place> {
    this.asked += line.length;
    const offset = await new Promise<number>((done, failed) => {
      this.queue.push({ line, done, failed });
      this.last = this.last.then(() => this.writeQueue());
    });
    return { segment: this, offset, length: line.length };
  }

  /** @throws DamagedEntryError; the error of the file system */
  async read({ offset, length }: Place): Promise<JournalEntry> {
    const piece = decodePiece(await this.readBytes(offset, length), 0);
    if (piece.kind !== 'entry') {
      throw new DamagedEntryError(`The entry at ${offset} of ${this.path} is ${piece.kind}`);
    }
    return piece.entry;
  }

  /** The bytes of an entry, as they are. */
  readBytes(offset: number, length: number): Promise<Buffer> {
    return readFully(this.handle, offset, length);
  }

  /**
   * Writes down, in place, that an entry is done. It takes no room, and is there after a crash of the process; after one of the machine the
   * entry may be applied again, which its id makes harmless.
   */
  async markDone({ offset }: Place): Promise<void> {
    this.live -= 1;
    await this.handle.write(Buffer.of(DONE), 0, 1, offset);
  }

  /** Empties the file, if all in it is still done when its turn comes. */
  async clear(): Promise<void> {
    const cleared = this.last.then(() => this.truncate());
    this.last = cleared.catch(() => undefined);
    await cleared;
  }

  /** Waits for what is being written. */
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

  /** Writes what has gathered while the last was written. */
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
      await this.handle.truncate(this.size).catch(() => undefined); // what is torn is found at the next start
      batch.forEach(({ failed }) => failed(error as Error));
    } finally {
      this.asked -= lines.length;
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

/** A file that is new in a folder is there after a crash if the folder was written too (fsync(2)). Windows has no such thing. */
async function syncFolder(path: string): Promise<void> {
  if (process.platform !== 'win32') {
    const folder = await open(path);
    await folder.sync();
    await folder.close();
  }
}

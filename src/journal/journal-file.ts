import { constants } from 'node:fs';
import { copyFile, type FileHandle, open } from 'node:fs/promises';
import { dirname } from 'node:path';

/** A callback as the journal keeps it: a line of JSON, the body in base64. */
export interface JournalEntry {
  /** The id that its delivery has in the log: by it PostgreSQL knows whether it was applied. */
  readonly id: string;
  /** ms since 1970, by the clock of this machine. */
  readonly receivedAt: number;
  readonly command: string;
  readonly operationID: string;
  readonly groupID: string;
  readonly body: Buffer;
}

/** Where an entry is in the file, and what must be known of it while it waits. */
export interface Located extends Pick<JournalEntry, 'groupID' | 'receivedAt'> {
  readonly offset: number;
  /** Bytes, with the end of the line. */
  readonly length: number;
}

interface Append {
  readonly line: Buffer;
  readonly done: (offset: number) => void;
  readonly failed: (error: Error) => void;
}

/** The journal holds as much as it may. */
export class JournalFullError extends Error {}

/**
 * A file of entries that only grows, until all of them are applied. An entry is there when `append` resolves, whatever
 * happens afterwards; what a crash left of a line that was not finished is cut off, for nobody was told that it is there.
 */
export class JournalFile {
  private readonly queue: Append[] = [];
  /** What is done to the file, one after another. */
  private last: Promise<unknown> = Promise.resolve();
  /** Bytes that are asked for and not written yet. */
  private asked = 0;

  private constructor(
    private readonly handle: FileHandle,
    private readonly limit: number,
    /** Bytes that are written. */
    private size: number,
  ) {}

  /**
   * Opens the file, or makes it.
   * @param limit bytes that it may take
   * @param onDamage told where lines cannot be read; a copy of the file is beside it then
   * @returns it, and the entries that it holds, in order
   */
  static async open(
    path: string,
    limit: number,
    onDamage: (message: string) => void,
  ): Promise<{ file: JournalFile; entries: Located[] }> {
    const handle = await open(path, constants.O_RDWR | constants.O_CREAT, 0o600);
    await syncFolder(dirname(path));
    const { entries, size, damaged } = await scan(handle);
    if (damaged > 0) {
      const copy = `${path}.damaged`;
      await copyFile(path, copy, constants.COPYFILE_EXCL).catch(() => undefined); // it was made at an earlier start
      onDamage(`${damaged} lines of ${path} cannot be read; ${copy} keeps them`);
    }
    await handle.truncate(size);
    return { file: new JournalFile(handle, limit, size), entries };
  }

  /** The bytes that it takes, with those on their way. */
  get bytes(): number {
    return this.size + this.asked;
  }

  /**
   * Appends an entry; resolves when it is on disk. Those that come while others are written go to disk together.
   * @throws JournalFullError at the limit; the error of the file system, with nothing of the entry left in the file
   */
  async append({ body, ...entry }: JournalEntry): Promise<Located> {
    const line = Buffer.from(`${JSON.stringify({ ...entry, body: body.toString('base64') })}\n`);
    if (this.bytes + line.length > this.limit) {
      throw new JournalFullError(`The journal holds JOURNAL_LIMIT, ${this.limit} bytes, already`);
    }
    this.asked += line.length;
    const offset = await new Promise<number>((done, failed) => {
      this.queue.push({ line, done, failed });
      this.last = this.last.then(() => this.writeQueue());
    });
    return { offset, length: line.length, groupID: entry.groupID, receivedAt: entry.receivedAt };
  }

  /** Reads an entry. */
  async read({ offset, length }: Located): Promise<JournalEntry> {
    const { buffer } = await this.handle.read(Buffer.allocUnsafe(length), 0, length, offset);
    return parse(buffer)!;
  }

  /** Empties the file: everything in it was applied, and nothing is being appended. What is appended from now on comes after. */
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

  private async truncate(): Promise<void> {
    await this.handle.truncate(0);
    this.size = 0;
    await this.handle.datasync();
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
        done(this.size);
        this.size += line.length;
      }
    } catch (error) {
      await this.handle.truncate(this.size).catch(() => undefined); // a torn line is cut off at the next start
      batch.forEach(({ failed }) => failed(error as Error));
    } finally {
      this.asked -= lines.length;
    }
  }
}

/** A file that is new in a folder is there after a crash if the folder was written too (fsync(2)). Windows has no such thing. */
async function syncFolder(path: string): Promise<void> {
  if (process.platform !== 'win32') {
    const folder = await open(path);
    await folder.sync();
    await folder.close();
  }
}

/** @returns the entries, where the last whole line ends, and how many lines are no entries */
async function scan(handle: FileHandle): Promise<{ entries: Located[]; size: number; damaged: number }> {
  const entries: Located[] = [];
  let damaged = 0;
  let size = 0;
  let rest: Buffer[] = [];
  for await (const chunk of handle.createReadStream({
    start: 0,
    autoClose: false,
  }) as AsyncIterable<Buffer>) {
    let from = 0;
    for (let end = chunk.indexOf('\n'); end >= 0; end = chunk.indexOf('\n', from)) {
      const line = Buffer.concat([...rest, chunk.subarray(from, end + 1)]);
      const entry = parse(line);
      if (entry) {
        const { groupID, receivedAt } = entry;
        entries.push({ offset: size, length: line.length, groupID, receivedAt });
      } else {
        damaged += 1;
      }
      size += line.length;
      from = end + 1;
      rest = [];
    }
    rest.push(chunk.subarray(from));
  }
  return { entries, size, damaged };
}

/** @returns undefined for what is no entry */
function parse(line: Buffer): JournalEntry | undefined {
  try {
    const { body, ...entry } = JSON.parse(line.toString()) as Omit<JournalEntry, 'body'> & { body: string };
    return { ...entry, body: Buffer.from(body, 'base64') };
  } catch {
    return undefined;
  }
}

import { type FileHandle, mkdtemp, open, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Logger } from '@nestjs/common';
import * as fc from 'fast-check';
import { readConfig } from '../src/config/read-config.js';
import { decodeAll, encodeEntry, type JournalEntry } from '../src/journal/journal-entry.js';
import { JournalSegment } from '../src/journal/journal-segment.js';
import { JournalFullError, JournalService } from '../src/journal/journal.service.js';
import { journalBytes, journalEntry, journalFiles, quarantined } from './helpers/journal-folder.js';
import { SEED } from './helpers/seed.js';

const ENTRIES = [1, 2, 3].map((sequence) => journalEntry(sequence));
const LINES = ENTRIES.map(encodeEntry);
const WHOLE = Buffer.concat(LINES);
const ENDS = LINES.map((_, index) => Buffer.concat(LINES.slice(0, index + 1)).length);

let folder: string;
let messages: string[];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'openim-group-sync-journal-'));
  messages = [];
  const log = (message: string): void => void messages.push(message);
  Logger.overrideLogger({ log, warn: log, error: log });
});

afterEach(() => rm(folder, { recursive: true, force: true }));

/** Opens the journal of the folder, does the work, and closes it. */
async function withJournal<T>(
  work: (journal: JournalService) => Promise<T>,
  settings: Record<string, string> = {},
): Promise<T> {
  const journal = new JournalService(readConfig({ DATA_DIR: folder, ...settings }));
  await journal.open();
  expect(journal.isOpen).toBe(true);
  try {
    return await work(journal);
  } finally {
    await journal.onApplicationShutdown();
  }
}

const contents = (journal: JournalService): Promise<JournalEntry[]> =>
  Promise.all(journal.groups.all().map((waiting) => journal.read(waiting)));

const append = (journal: JournalService, sequence: number, isOfOneGroup = false) =>
  journal.append(journalEntry(sequence), isOfOneGroup);

/** Writes a file of the journal as a process left it. */
async function leave(bytes: Buffer, name = 'callbacks-0000000001.journal'): Promise<void> {
  await withJournal(async () => undefined);
  await writeFile(join(folder, 'journal', name), bytes);
}

describe('An entry of the journal', () => {
  it('is read as it was written, and a file that is cut off anywhere has its whole entries and a torn one', () => {
    for (let length = 0; length <= WHOLE.length; length += 1) {
      const pieces = decodeAll(WHOLE.subarray(0, length)).map(({ piece }) => piece);
      const whole = ENTRIES.filter((_, index) => ENDS[index]! <= length + 1); // the line feed carries no information
      expect(pieces.flatMap((piece) => (piece.kind === 'entry' ? [piece.entry] : []))).toEqual(whole);
      const rest = length - Math.min(length, whole.length > 0 ? ENDS[whole.length - 1]! : 0);
      expect(pieces.filter(({ kind }) => kind === 'torn').map((piece) => piece.length)).toEqual(
        rest > 0 ? [rest] : [],
      );
    }
  });

  it('is found damaged with any single bit flipped, and no other entry is lost', () => {
    for (let bit = 0; bit < WHOLE.length * 8; bit += 1) {
      const bytes = Buffer.from(WHOLE);
      bytes[bit >> 3]! ^= 1 << (bit & 7);
      const pieces = decodeAll(bytes).map(({ piece }) => piece);
      const read = pieces.flatMap((piece) => (piece.kind === 'entry' ? [piece.entry] : []));
      const index = ENDS.findIndex((end) => bit >> 3 < end);
      const isHarmless = [ENDS[index - 1] ?? 0, ENDS[index]! - 1].includes(bit >> 3); // the state and the line feed
      expect(read).toEqual(isHarmless ? ENTRIES : ENTRIES.toSpliced(index, 1));
      expect(pieces.some(({ kind }) => kind === 'done')).toBe(false);
      expect(pieces.some(({ kind }) => kind === 'damaged')).toBe(!isHarmless);
      expect(pieces.reduce((sum, { length }) => sum + length, 0)).toBe(bytes.length);
    }
  });

  it('is the only one lost, whatever bytes of it are damaged', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.nat(WHOLE.length - 1), fc.integer({ min: 1, max: 255 })), {
          minLength: 1,
          maxLength: 6,
        }),
        (damages) => {
          const bytes = Buffer.from(WHOLE);
          damages.forEach(([at, mask]) => (bytes[at]! ^= mask));
          const touched = new Set(damages.map(([at]) => ENDS.findIndex((end) => at < end)));
          const read = decodeAll(bytes).flatMap(({ piece }) => (piece.kind === 'entry' ? [piece.entry] : []));
          for (const [index, entry] of ENTRIES.entries()) {
            // Where the end of a line and the header of the next line are damaged, both lines may be reported as one damaged piece.
            if (!touched.has(index) && !touched.has(index - 1)) {
              expect(read).toContainEqual(entry);
            }
          }
          read.forEach((entry) => expect(ENTRIES).toContainEqual(entry));
        },
      ),
      SEED,
    );
  });
});

describe('The journal', () => {
  it('has all acknowledged entries after a crash at any byte, quarantines the torn one, and accepts new ones', async () => {
    for (let length = 0; length <= WHOLE.length; length += 1) {
      await leave(WHOLE.subarray(0, length));
      await withJournal(async (journal) => {
        expect(await contents(journal)).toEqual(ENTRIES.filter((_, index) => ENDS[index]! <= length + 1));
        await append(journal, 9);
      });
      const kept = await quarantined(folder);
      // Only some bytes: each one is a start with several files, which is slow on a busy disk.
      if (length % 5 === 0 || ENDS.includes(length + 1)) {
        await withJournal(async (journal) => {
          expect((await contents(journal)).at(-1)).toMatchObject({ id: journalEntry(9).id });
          expect(journal.waiting).toBe(ENDS.filter((end) => end <= length + 1).length + 1);
        });
        expect(await quarantined(folder)).toBe(kept); // it is quarantined once
      }
      const torn = WHOLE.subarray(ENDS.findLast((end) => end <= length + 1) ?? 0, length).toString('latin1');
      expect(kept.includes(torn)).toBe(true);
      expect(kept !== '').toBe(torn !== '');
      await rm(join(folder, 'journal'), { recursive: true });
    }
  }, 240_000);

  it('distinguishes a torn entry from a damaged one, counts both, and quarantines their bytes', async () => {
    const bytes = Buffer.from(WHOLE);
    bytes[ENDS[0]! + 60]! ^= 4;
    await leave(bytes.subarray(0, WHOLE.length - 50));
    await withJournal(async (journal) => {
      expect(await contents(journal)).toEqual([ENTRIES[0]]);
      expect(Object.fromEntries(journal.quarantined)).toEqual({ damaged: 1, torn: 1, rejected: 0 });
    });
    expect(messages).toContainEqual(
      expect.objectContaining({ reason: 'damaged', origin: expect.stringMatching(/ at \d+$/) }),
    );
    expect(messages).toContainEqual(expect.objectContaining({ reason: 'torn' }));
    const kept = await quarantined(folder);
    expect(kept).toContain(bytes.subarray(ENDS[0], ENDS[1]).toString('latin1'));
    expect(kept).toContain(bytes.subarray(ENDS[1], WHOLE.length - 50).toString('latin1'));

    const second = encodeEntry(journalEntry(77));
    second[40]! ^= 1;
    await writeFile((await journalFiles(folder)).at(-1)!, second, { flag: 'a' });
    await withJournal(async (journal) => expect(journal.quarantined.get('damaged')).toBe(1));
    expect(await quarantined(folder)).toContain(second.toString('latin1'));
    expect(await quarantined(folder)).toContain(kept);
  });

  it('keeps the marks of applied entries across a crash', async () => {
    await withJournal(async (journal) => {
      const waiting = [];
      for (let sequence = 1; sequence <= 10; sequence += 1) {
        waiting.push(await append(journal, sequence));
      }
      await journal.remove(waiting.slice(0, 7));
    });
    await withJournal(async (journal) => {
      expect((await contents(journal)).map(({ id }) => id)).toEqual(
        [8, 9, 10].map((sequence) => journalEntry(sequence).id),
      );
      await journal.remove(journal.groups.all());
      expect(journal.bytes).toBe(0);
    });
  });

  it('removes each file whose entries are all applied, while one group waits', async () => {
    await withJournal(
      async (journal) => {
        const stuck = await append(journal, 1);
        for (let round = 0; round < 200; round += 1) {
          const waiting = await Promise.all(
            Array.from({ length: 50 }, (_, index) => append(journal, 2 + round * 50 + index)),
          );
          await journal.remove(waiting);
        }
        expect(journal.bytes).toBeLessThan((2 * 1024 * 1024) / 16);
        expect(await contents(journal)).toMatchObject([{ id: stuck.id }]);
      },
      { JOURNAL_LIMIT: '1mb' },
    );
  });

  it('reserves half of its limit from groups that wait by themselves', async () => {
    await withJournal(
      async (journal) => {
        const body = Buffer.alloc(60 * 1024);
        const fill = async (isOfOneGroup: boolean): Promise<void> => {
          for (let sequence = 1; ; sequence += 1) {
            await journal.append({ ...journalEntry(sequence), body }, isOfOneGroup);
          }
        };
        await expect(fill(true)).rejects.toThrow(JournalFullError);
        expect(journal.bytes / 1024 / 1024).toBeGreaterThan(0.4);
        expect(journal.bytes / 1024 / 1024).toBeLessThan(0.5);
        expect(journal.isAccepting).toBe(true);
        await expect(fill(false)).rejects.toThrow(JournalFullError);
        expect(journal.bytes / 1024 / 1024).toBeGreaterThan(0.9);
        expect(journal.isAccepting).toBe(false);
      },
      { JOURNAL_LIMIT: '1mb' },
    );
  });

  it('reads an entry once that a crash left in two files', async () => {
    await leave(WHOLE);
    await writeFile(join(folder, 'journal/callbacks-0000000007.journal'), WHOLE);
    await withJournal(async (journal) => expect(await contents(journal)).toEqual(ENTRIES));
  });

  it('keeps its entries in the order of their lines, whatever the clocks showed', async () => {
    await withJournal(async (journal) => {
      const at = (asOf: number | null, receivedAt = Date.now()) =>
        journal.append({ ...journalEntry(0), asOf, receivedAt }, false);
      await at(null, Date.now() - 3_600_000);
      await at(null);
      await at(null, Date.now() - 7_200_000);
      const now = Date.now();
      journal.groups.setMissingAsOf(now);
      await at(now - 3_600_000);
      await at(now + 5);
      const times = journal.groups.all().map(({ asOf }) => asOf!);
      expect(times).toEqual(times.toSorted((one, other) => one - other));
      expect(times.at(0)).toBeLessThan(now - 3_000_000);
      expect(times.at(1)).toBeGreaterThan(now - 1000);
      expect(times.at(-1)).toBe(now + 5);
    });
  });
});

/** Opens a file on a disk with this number of free bytes. */
function fullAfter(bytes: number, canTruncate: boolean): typeof open {
  let left = bytes;
  return async (...args) => {
    const handle = await open(...args);
    return new Proxy(handle, {
      get(target, name) {
        if (name === 'write') {
          return async (buffer: Buffer, from: number, length: number, at: number) => {
            const fits = Math.min(left, length);
            left -= fits;
            if (fits === 0) {
              throw Object.assign(new Error('ENOSPC: no space left on device'), { code: 'ENOSPC' });
            }
            return target.write(buffer, from, fits, at);
          };
        }
        if (name === 'truncate' && !canTruncate) {
          return () => Promise.reject(new Error('EIO'));
        }
        const value = target[name as keyof FileHandle] as unknown;
        return typeof value === 'function' ? (value.bind(target) as unknown) : value;
      },
    });
  };
}

describe('A file of the journal on a full disk', () => {
  it.each([true, false])(
    'contains every acknowledged entry, wherever the disk became full (truncation works: %s)',
    async (canTruncate) => {
      for (let left = 0; left <= WHOLE.length; left += 1) {
        const path = join(folder, `at-${left}`);
        const segment = await JournalSegment.open(path, fullAfter(left, canTruncate));
        const acknowledged: JournalEntry[] = [];
        for (const [index, line] of LINES.entries()) {
          await segment.append(line).then(
            () => acknowledged.push(ENTRIES[index]!),
            (error: Error) => expect(error.message).toMatch(/ENOSPC/),
          );
        }
        expect(segment.isOpen).toBe(acknowledged.length === LINES.length);
        await segment.close();
        const pieces = decodeAll(await readFile(path)).map(({ piece }) => piece);
        const there = pieces.flatMap((piece) => (piece.kind === 'entry' ? [piece.entry] : []));
        // If the file cannot be truncated, it may contain a whole entry that was not acknowledged.
        expect(there.slice(0, canTruncate ? undefined : acknowledged.length)).toEqual(acknowledged);
        expect(pieces.some(({ kind }) => kind === 'damaged')).toBe(false);
      }
    },
  );

  it('is followed by another file after a failed write', async () => {
    await withJournal(async (journal) => {
      await append(journal, 1);
      const [segment] = (journal as unknown as { segments: { segments: JournalSegment[] } }).segments
        .segments;
      segment!.seal();
      await append(journal, 2);
      expect(await journalFiles(folder)).toHaveLength(2);
      expect((await contents(journal)).map(({ id }) => id)).toEqual([1, 2].map((n) => journalEntry(n).id));
    });
    expect((await journalBytes(folder)).length).toBeGreaterThan(0);
  });
});

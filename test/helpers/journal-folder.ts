import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { JournalEntry } from '../../src/journal/journal-entry.js';

/** Lists the paths of the journal's files below a DATA_DIR, in order. */
export async function journalFiles(dataDir: string): Promise<string[]> {
  const folder = join(dataDir, 'journal');
  return (await readdir(folder))
    .filter((name) => name.endsWith('.journal'))
    .toSorted()
    .map((name) => join(folder, name));
}

/** Reads the content of all files of the journal. */
export async function journalBytes(dataDir: string): Promise<Buffer> {
  return Buffer.concat(await Promise.all((await journalFiles(dataDir)).map((path) => readFile(path))));
}

/** Reads the quarantine file; returns "" if there is none. */
export const quarantined = (dataDir: string): Promise<string> =>
  readFile(join(dataDir, 'journal/quarantine'), 'latin1').catch(() => '');

/** Makes a journal entry as the service appends it. */
export const journalEntry = (sequence: number, more: Partial<JournalEntry> = {}): JournalEntry => ({
  sequence,
  id: `019abf00-0000-7000-8000-${String(sequence).padStart(12, '0')}`,
  asOf: null,
  receivedAt: Date.now(),
  uptime: 0,
  boot: 'another one',
  command: 'callbackAfterCreateGroupCommand',
  operationID: `operation ${sequence}`,
  groupID: `g${sequence % 2}`,
  body: Buffer.from(JSON.stringify({ groupID: `g${sequence % 2}`, text: 'ä'.repeat(sequence) })),
  ...more,
});

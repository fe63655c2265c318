import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { JournalEntry } from '../../src/journal/journal-entry.js';

/** The paths of the journal's files below a DATA_DIR, in order. */
export async function journalFiles(dataDir: string): Promise<string[]> {
  const folder = join(dataDir, 'journal');
  return (await readdir(folder))
    .filter((name) => name.endsWith('.journal'))
    .toSorted()
    .map((name) => join(folder, name));
}

/** Everything in them. */
export async function journalBytes(dataDir: string): Promise<Buffer> {
  return Buffer.concat(await Promise.all((await journalFiles(dataDir)).map((path) => readFile(path))));
}

/** What was put into quarantine; "" if nothing was. */
export const quarantined = (dataDir: string): Promise<string> =>
  readFile(join(dataDir, 'journal/quarantine'), 'latin1').catch(() => '');

/** An entry as the service appends one. */
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

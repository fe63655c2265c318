import type { JournalEntry } from './journal-entry.js';
import type { JournalSegment, Place } from './journal-segment.js';
import type { QuarantineReason } from './quarantine.js';

/** A segment is rewritten if the entries that wait are less than this part of its bytes. */
const SPARSE_PART = 0.5;

export interface Recovered {
  /** The entries that wait, in the order of their arrival. */
  entries: { entry: Omit<JournalEntry, 'body'>; place: Place }[];
  /** The segments to rewrite. They contain damaged bytes, which are quarantined by now, or mostly entries that are done. */
  obsolete: Set<JournalSegment>;
}

/**
 * Finds the entries that wait in the segments of an earlier process.
 * @param quarantine stores bytes that cannot be read; resolves to whether they are on disk
 * @throws the error of the file system
 */
export async function recoverEntries(
  segments: readonly JournalSegment[],
  quarantine: (bytes: Buffer, reason: QuarantineReason, origin: string) => Promise<boolean>,
): Promise<Recovered> {
  const bySequence = new Map<number, Recovered['entries'][number]>();
  const obsolete = new Set<JournalSegment>();
  for (const segment of segments) {
    let waiting = 0;
    for (const { piece, offset, bytes } of await segment.scan()) {
      if (piece.kind === 'damaged' || piece.kind === 'torn') {
        if (await quarantine(bytes, piece.kind, `${segment.path} at ${offset}`)) {
          obsolete.add(segment);
        } else {
          segment.live += 1; // the file stays for the next start
        }
      } else if (piece.kind === 'entry' && !bySequence.has(piece.entry.sequence)) {
        const { body: _body, ...entry } = piece.entry;
        const { length } = piece;
        bySequence.set(entry.sequence, { entry, place: { segment, offset, length } });
        segment.live += 1;
        waiting += length;
      }
    }
    if (waiting > 0 && waiting < segment.bytes * SPARSE_PART) {
      obsolete.add(segment);
    }
  }
  const entries = [...bySequence.values()].toSorted(
    (one, other) => one.entry.sequence - other.entry.sequence,
  );
  return { entries, obsolete };
}

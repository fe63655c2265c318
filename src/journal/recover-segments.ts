import type { JournalEntry } from './journal-entry.js';
import type { JournalSegment, Place } from './journal-segment.js';
import type { QuarantineReason } from './quarantine.js';

/** Less than this part of a segment waits: it is not worth its room. */
const SPARSE_PART = 0.5;

export interface Recovered {
  /** What waits, in the order in which it came. */
  entries: { entry: Omit<JournalEntry, 'body'>; place: Place }[];
  /** The segments to be written anew: something in them is damaged, and kept elsewhere; or most of it is done. */
  obsolete: Set<JournalSegment>;
}

/**
 * Finds what waits in the segments that a process left.
 * @param putAside keeps what cannot be read, and says whether it is on disk
 * @throws the error of the file system
 */
export async function recoverSegments(
  segments: readonly JournalSegment[],
  putAside: (bytes: Buffer, reason: QuarantineReason, origin: string) => Promise<boolean>,
): Promise<Recovered> {
  const bySequence = new Map<number, Recovered['entries'][number]>();
  const obsolete = new Set<JournalSegment>();
  for (const segment of segments) {
    let waiting = 0;
    for (const { piece, offset, bytes } of await segment.scan()) {
      if (piece.kind === 'damaged' || piece.kind === 'torn') {
        if (await putAside(bytes, piece.kind, `${segment.path} at ${offset}`)) {
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

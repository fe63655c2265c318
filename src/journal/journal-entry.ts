import { crc32 } from 'node:zlib';

/** A callback as the journal keeps it. */
export interface JournalEntry {
  /** Its place in the order of all entries, across files. */
  readonly sequence: number;
  /** The id that its delivery has in the log: by it PostgreSQL knows whether it was applied. */
  readonly id: string;
  /** When it arrived, by PostgreSQL's clock, ms since 1970; null: PostgreSQL had not been reached since the process began. */
  readonly asOf: number | null;
  /** When it arrived by the clock of this machine, ms since 1970. */
  readonly receivedAt: number;
  /** When it arrived by this machine's monotonic clock, ms, and which run of the machine that is of. */
  readonly uptime: number;
  readonly boot: string;
  readonly command: string;
  readonly operationID: string;
  /** The group that it is of, or another key of entries that are applied in their order. */
  readonly groupID: string;
  readonly body: Buffer;
}

/**
 * A line of the journal: what became of it (one byte, written over in place), a space, the CRC-32 of the text, the length of the text
 * in bytes (8 hexadecimal digits each), a space, the text (JSON, the body in base64), and the end of the line.
 */
const HEADER = /^[\s\S] ([0-9a-f]{8})([0-9a-f]{8}) $/;
const HEADER_LENGTH = 19;
const END = 0x0a;

/** What became of an entry. One flipped bit makes neither of the other. */
export const WAITING = 0x2d;
export const DONE = 0x78;

/** The bytes of an entry that waits. */
export function encodeEntry({ body, ...entry }: JournalEntry): Buffer {
  const text = Buffer.from(JSON.stringify({ ...entry, body: body.toString('base64') }));
  const header = `${String.fromCharCode(WAITING)} ${hex(crc32(text))}${hex(text.length)} `;
  return Buffer.concat([Buffer.from(header), text, Buffer.of(END)]);
}

/**
 * What is at a place of a file: an entry; `done`: one that was applied; `damaged`: bytes that are none; `torn`: the beginning of one, at
 * the end of the file.
 */
export type Piece = { readonly length: number } & (
  { readonly kind: 'entry'; readonly entry: JournalEntry } | { readonly kind: 'done' | 'damaged' | 'torn' }
);

/** What is in a file, in order. */
export function decodeAll(bytes: Buffer): { piece: Piece; offset: number }[] {
  const pieces = [];
  for (let offset = 0; offset < bytes.length;) {
    const piece = decodePiece(bytes, offset);
    pieces.push({ piece, offset });
    offset += piece.length;
  }
  return pieces;
}

/** Reads what begins at an offset. */
export function decodePiece(bytes: Buffer, offset: number): Piece {
  const [, checksum, digits = '0'] =
    HEADER.exec(bytes.toString('latin1', offset, offset + HEADER_LENGTH)) ?? [];
  const textEnd = offset + HEADER_LENGTH + Number.parseInt(digits, 16);
  if (checksum !== undefined && textEnd <= bytes.length) {
    const text = bytes.subarray(offset + HEADER_LENGTH, textEnd);
    const isWhole = hex(crc32(text)) === checksum;
    if (isWhole || bytes[textEnd] === END) {
      const end = HEADER.test(bytes.toString('latin1', textEnd, textEnd + HEADER_LENGTH))
        ? textEnd
        : textEnd + 1;
      const length = Math.min(end, bytes.length) - offset;
      const entry = isWhole ? parse(text) : undefined;
      return bytes[offset] === DONE
        ? { kind: 'done', length }
        : entry
          ? { kind: 'entry', entry, length }
          : { kind: 'damaged', length };
    }
  }
  const end = bytes.indexOf(END, offset);
  return end < 0
    ? { kind: 'torn', length: bytes.length - offset }
    : { kind: 'damaged', length: end + 1 - offset };
}

const hex = (value: number): string => value.toString(16).padStart(8, '0');

const TYPES: Readonly<Record<string, string>> = {
  sequence: 'number',
  id: 'string',
  receivedAt: 'number',
  uptime: 'number',
  boot: 'string',
  command: 'string',
  operationID: 'string',
  groupID: 'string',
  body: 'string',
};

/** @returns undefined for what is no entry */
function parse(text: Buffer): JournalEntry | undefined {
  try {
    const value = JSON.parse(text.toString()) as Record<string, unknown>;
    return Object.entries(TYPES).every(([name, type]) => typeof value[name] === type)
      ? ({ ...value, body: Buffer.from(value['body'] as string, 'base64') } as unknown as JournalEntry)
      : undefined;
  } catch {
    return undefined;
  }
}

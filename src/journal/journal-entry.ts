import { crc32 } from 'node:zlib';

/** A callback in the journal. */
export interface JournalEntry {
  /** Position in the order of all entries, across files. */
  readonly sequence: number;
  /** Id of its delivery. After the entry is applied, a row of the log has this id. */
  readonly id: string;
  /** Time of its arrival, by PostgreSQL's clock, in ms since 1970; null: the process had not reached PostgreSQL yet. */
  readonly asOf: number | null;
  /** Time of its arrival, by the clock of this machine, in ms since 1970. */
  readonly receivedAt: number;
  /** Time of its arrival, by the monotonic clock of this machine, in ms, and the id of the boot since which the clock runs. */
  readonly uptime: number;
  readonly boot: string;
  readonly command: string;
  readonly operationID: string;
  /** The ordering key: entries with the same key are applied in their order. It is a groupID, or a key of a user. */
  readonly groupID: string;
  readonly body: Buffer;
}

/**
 * A line of the journal: its state (one byte, overwritten in place), a space, the CRC-32 of the text and the length of the text in bytes (8
 * hexadecimal digits each), a space, the text (JSON, with the body in base64), and a line feed.
 */
const HEADER = /^[\s\S] ([0-9a-f]{8})([0-9a-f]{8}) $/;
const HEADER_LENGTH = 19;
const END = 0x0a;

/** The states of an entry. One flipped bit does not turn one state into the other. */
export const WAITING = 0x2d;
export const DONE = 0x78;

/** Encodes an entry that waits. */
export function encodeEntry({ body, ...entry }: JournalEntry): Buffer {
  const text = Buffer.from(JSON.stringify({ ...entry, body: body.toString('base64') }));
  const header = `${String.fromCharCode(WAITING)} ${hex(crc32(text))}${hex(text.length)} `;
  return Buffer.concat([Buffer.from(header), text, Buffer.of(END)]);
}

/**
 * A piece of a file. `entry`: an entry that waits; `done`: an entry that was applied; `damaged`: bytes that are no entry; `torn`: the
 * beginning of an entry, at the end of the file.
 */
export type Piece = { readonly length: number } & (
  { readonly kind: 'entry'; readonly entry: JournalEntry } | { readonly kind: 'done' | 'damaged' | 'torn' }
);

/** Decodes a file into its pieces, in order. */
export function decodeAll(bytes: Buffer): { piece: Piece; offset: number }[] {
  const pieces = [];
  for (let offset = 0; offset < bytes.length;) {
    const piece = decodePiece(bytes, offset);
    pieces.push({ piece, offset });
    offset += piece.length;
  }
  return pieces;
}

/** Decodes the piece at an offset. */
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

/** @returns undefined for a text that is no entry */
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
